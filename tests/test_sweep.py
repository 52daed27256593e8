"""λ sweeps: which runs a press makes, and what the page shows of them."""

from __future__ import annotations

import pytest
from test_pages import _nobody_trains, app, words  # noqa: F401 - a fixture

from xfer_core.analysis.sweep import BALANCERS, sweep_point, sweep_specs
from xfer_core.charts.sweep import frontier_chart, sweep_chart
from xfer_core.domains.problem import Problem
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import FINISHED, QUEUED, open_store
from xfer_core.strategies.joint import Joint

BOTH = Problem(tasks=("digit", "tilt"))
H, P = "digits.handwritten", "digits.photo"
TERMS = (f"{H}/digit", f"{H}/tilt", f"{P}/digit", f"{P}/tilt")
SPEC = RunSpec(problem=BOTH, strategy=Joint(), seed=5)


def test_a_sweep_changes_one_lambda_and_nothing_else():
    specs = sweep_specs(SPEC, TERMS[1], [0, 0.25, 1], ["imtl_g"])
    assert [spec.strategy.kind for spec in specs] == ["joint", "joint", "joint", "imtl_g"]
    for spec, value in zip(specs, (0, 0.25, 1), strict=False):
        lambdas = spec.strategy.lambdas(spec.problem)
        assert lambdas[TERMS[1]] == value
        assert sum(lambdas.values()) == pytest.approx(1)
        assert [lambdas[term] for term in TERMS if term != TERMS[1]] == pytest.approx([(1 - value) / 3] * 3)
    assert {spec.model_copy(update={"strategy": SPEC.strategy}).digest() for spec in specs} == {SPEC.digest()}
    for spec in specs:
        spec.check()


def test_the_others_keep_their_proportion():
    spec = RunSpec(
        strategy=Joint(weights={f"{H}/digit": 3, f"{P}/digit": 1}), problem=Problem(target=(P, "digits.noisy"))
    )
    (swept,) = sweep_specs(spec, f"{P}/digit", [0.5])
    assert swept.strategy.lambdas(spec.problem) == {f"{H}/digit": 0.5, f"{P}/digit": 0.5, "digits.noisy/digit": 0}


def test_every_balancer_is_offered():
    assert {"uncertainty_weighting", "gradnorm", "dwa", "pcgrad", "mgda", "cagrad", "upgrad", "imtl_g"} == set(
        BALANCERS
    )


METRICS = {f"accuracy/{P}/digit/test": 0.5, f"error/{P}/tilt/test": 4.0, f"accuracy/{H}/digit/test": 0.75,
           f"error/{H}/tilt/test": 2.0}  # fmt: skip


def test_a_point_says_where_it_lies_and_what_it_measured():
    spec = sweep_specs(SPEC, TERMS[3], [0.25])[0]
    point = sweep_point("r", spec, TERMS[3], METRICS)
    assert point.value == pytest.approx(0.25)
    assert point.measured == {f"{P}/digit": 0.5, f"{P}/tilt": 4.0}
    balanced = parse_spec(spec.model_dump(mode="json") | {"strategy": {"kind": "mgda"}})
    assert sweep_point("r", balanced, TERMS[0], METRICS).value is None
    assert len(sweep_point("r", balanced, TERMS[0], METRICS).measured) == 4


def test_the_pictures_hold_every_run_in_the_order_of_lambda():
    points = [sweep_point("r", spec, TERMS[3], METRICS) for spec in sweep_specs(SPEC, TERMS[3], [1, 0, 0.5], ["mgda"])]
    titles = {"joint": "Joint", "mgda": "MGDA"}
    figure = sweep_chart(points, {f"{P}/digit": "digit"}, False, "λ", True)
    assert list(figure.data[0].x) == [0, 0.5, 1]
    frontier = frontier_chart(points, ((f"{P}/digit", "a"), (f"{P}/tilt", "b")), titles, True, (True, False))
    assert [trace.name for trace in frontier.data] == ["Joint", "MGDA"]
    assert list(frontier.data[1].x) == [0.5]


def test_one_press_starts_the_sweep_and_the_page_draws_what_came():
    test = app("train", strategy__kind="joint", problem__tasks='["digit", "tilt"]', training__steps="20")
    assert not test.exception
    assert "10 runs of 20 steps each." in words(test)
    next(button for button in test.button if button.label == "Start the sweep").click().run()
    assert not test.exception
    store = open_store()
    runs = store.find(statuses=(QUEUED,))
    assert len(runs) == 10
    (batch,) = {run.batch for run in runs}
    page = app("sweep", sweep=batch)
    assert not page.exception
    assert "first result appears" in words(page)
    for run in runs:
        store.update(run.id, status=FINISHED, result={"metrics": METRICS})
    page = app("sweep", sweep=batch)
    assert not page.exception
    assert not page.error
    assert len(page.get("plotly_chart")) == 3, "accuracies, errors, and one against the other"
    assert len(page.dataframe[0].value) == 10


@pytest.mark.parametrize("batch", ["", "sweep-0-nothing", "race-1"])
def test_without_a_sweep_the_page_says_how_to_make_one(batch):
    page = app("sweep", **({"sweep": batch} if batch else {}))
    assert not page.exception
    assert "press Sweep a λ" in words(page)


def test_a_sweep_is_offered_only_where_there_is_something_to_trade():
    labels = {button.label for button in app("train").button}
    assert "Start the sweep" not in labels
