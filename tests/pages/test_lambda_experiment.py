"""One λ that runs from 0 to 1: which λ that was, what the pictures show of it, and old links to a sweep."""

from __future__ import annotations

import pytest

from tests.support.experiments import empty_experiment, finish_run
from tests.support.pages import app, text_of
from xfer_core.analysis.measure import ACCURACY, Measure
from xfer_core.analysis.sweep import SweepPoint, averaged, sweep_points, swept_terms
from xfer_core.charts.sweep import frontier_chart, lambda_chart
from xfer_core.experiments.plan import Plan
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import FINISHED, open_store

H, P, N = "digits.handwritten", "digits.photo", "digits.noisy"
TWO_TASKS = RunSpec(problem=Problem(tasks=("digit", "tilt")))
TWO_TARGETS = RunSpec(problem=Problem(target=(P, N)))
METRICS = {f"accuracy/{P}/digit/test": 0.5, f"error/{P}/tilt/test": 4.0, f"accuracy/{H}/digit/test": 0.75,
           f"error/{H}/tilt/test": 2.0}  # fmt: skip


def specs_of(base: RunSpec, term: str = "", seeds: int = 1, balancers: tuple[str, ...] = ()) -> list[RunSpec]:
    plan = Plan("lambda", base, balancers, (5,), seeds, {}, term)
    return [spec for spec, _arm in plan.experiment().specs()]


@pytest.mark.parametrize(
    ("base", "term", "found"),
    [
        (RunSpec(), "", (f"{P}/digit",)),
        (RunSpec(), f"{H}/digit", (f"{H}/digit",)),
        (TWO_TASKS, "", (f"{P}/digit", f"{P}/tilt")),
        (TWO_TASKS, f"{H}/tilt", (f"{H}/tilt",)),
        (TWO_TASKS, f"{P}/digit", (f"{P}/digit",)),
        (TWO_TARGETS, "", (f"{P}/digit", f"{N}/digit")),
        (TWO_TARGETS, f"{N}/digit", (f"{N}/digit",)),
    ],
)
def test_which_lambda_ran_is_read_from_the_specs(base, term, found):
    assert swept_terms(specs_of(base, term, seeds=2, balancers=("mgda",))) == found
    assert swept_terms([parse_spec({}, ["strategy.kind=dann"])]) == ()


def test_a_point_says_where_it_lies_and_what_it_measured():
    store = open_store()
    for spec in specs_of(TWO_TASKS, f"{P}/tilt", balancers=("mgda",)):
        store.update(store.create(spec, experiment="b"), status=FINISHED, result={"metrics": METRICS})
    store.update(store.create(parse_spec({}, ["strategy.kind=dann"])), status=FINISHED, result={"metrics": METRICS})
    points = sweep_points(store.find()[::-1], (f"{P}/tilt",))
    assert [point.value for point in points if point.kind == "joint"] == pytest.approx(
        [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1], abs=1e-5
    )
    assert [point.value for point in points if point.kind == "mgda"] == [None]
    assert {point.kind for point in points} == {"joint", "mgda"}, "a method without λ of domains has no place here"
    assert points[0].measured == {f"{P}/digit": 0.5, f"{P}/tilt": 4.0, f"{H}/digit": 0.75, f"{H}/tilt": 2.0}


def test_seeds_are_averaged_and_lambda_stands_in_order():
    points = [SweepPoint("joint", 1.0, {"a": 0.5}), SweepPoint("mgda", None, {"a": 0.25}),
              SweepPoint("joint", 0.0, {"a": 0.25}), SweepPoint("joint", 1.0, {"a": 1.0, "b": 2.0}),
              SweepPoint("mgda", None, {"a": 0.75})]  # fmt: skip
    assert averaged(points) == [
        SweepPoint("joint", 0.0, {"a": 0.25}),
        SweepPoint("joint", 1.0, {"a": 0.75, "b": 2.0}),
        SweepPoint("mgda", None, {"a": 0.5}),
    ]


def test_the_pictures_hold_every_run_and_each_method_that_sets_lambda():
    points = [SweepPoint("joint", value, {"a": value, "b": 1 - value}) for value in (1.0, 0.0, 0.5, 0.5)]
    points += [SweepPoint("mgda", None, {"a": 0.25, "b": 0.75}), SweepPoint("dwa", None, {"b": 0.5})]
    titles = {"joint": "Joint", "mgda": "MGDA", "dwa": "DWA"}
    means, dots, across = lambda_chart(points, ("a", "A"), titles, False, "λ", ACCURACY).data
    assert list(means.x) == [0, 0.5, 1]
    assert list(dots.x) == [1, 0, 0.5, 0.5]
    assert (across.name, set(across.y)) == ("MGDA", {0.25})
    line, mark = frontier_chart(points, (("a", "A"), ("b", "B")), titles, True, (ACCURACY, Measure("error"))).data
    assert (line.name, mark.name) == ("Joint", "MGDA")
    assert list(line.x) == [0, 0.5, 1]
    assert list(mark.y) == [0.75]


def begun() -> str:
    """A finished λ experiment with one balancer and two seeds."""
    store, experiment = open_store(), empty_experiment("lambda")
    for spec in specs_of(TWO_TASKS, f"{P}/tilt", 2, ("mgda",)):
        run = store.create(spec, name=spec.strategy.kind, experiment=experiment)
        finish_run(store, run, 0.5, **METRICS)
    return experiment


def test_an_experiment_shows_lambda_and_what_one_gains_and_the_other_loses():
    experiment = begun()
    page = app("compare", experiment=experiment)
    assert not page.exception
    assert not page.error
    assert "### How does λ change the result?" in text_of(page)
    for picture in ("lambda", "frontier"):
        page.pills(key=f"experiment.picture.{experiment}").set_value(picture).run()
        assert not page.exception
        assert not page.error
        assert len(page.get("plotly_chart")) == 1
    page.selectbox(key="lambda.up").set_value(f"{H}/tilt").run()
    assert not page.exception
    assert not page.error


def test_an_old_link_to_a_sweep_leads_to_its_runs():
    experiment = begun()
    page = app("old_addresses/sweep.py", sweep=experiment)
    assert not page.exception
    assert "### How does λ change the result?" in text_of(page)
    assert page.query_params["experiment"] == experiment


def test_a_link_to_a_sweep_without_its_runs_leads_to_the_question():
    page = app("old_addresses/sweep.py")
    assert not page.exception
    assert page.pills(key="plan1.question").value == "lambda"
