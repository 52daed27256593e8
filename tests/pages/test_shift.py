"""An experiment on the size of the shift: what it trains, what its results say, and what its picture and pages show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.experiments import finish_run
from tests.support.pages import app, text_of
from xfer_core.analysis.comparison import run_records
from xfer_core.analysis.shift import find_shift, measured_distance
from xfer_core.charts.experiment import ChartLabels
from xfer_core.charts.shift import shift_chart
from xfer_core.domains import domain_info, domain_keys
from xfer_core.errors import XferError
from xfer_core.experiments.plan import Plan
from xfer_core.exports.experiments.facts import facts
from xfer_core.exports.experiments.results import gather_results
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import RUNNING, open_store

MOONS = parse_spec({}, ['problem.source=["planar.moons"]', 'problem.target=["planar.moons?scale=1.5"]'])
ANGLES = (0, 15, 30, 45, 60, 90)
LOSS = {"source_only": 0.009, "fine_tune": 0.001}  # of accuracy per degree


def plan(base=MOONS, term: str = "rotate", seeds: int = 2) -> Plan:
    return Plan("shift", base, tuple(LOSS), (5,), seeds, {}, term)


def finished(seeds: int = 2) -> str:
    """A stored experiment whose accuracies fall with the angle."""
    store, begun = open_store(), plan(seeds=seeds).experiment().begin(open_store())
    for run in store.find(experiment=begun):
        spec = run.typed_spec
        angle = domain_info(spec.problem.target[0]).parameters.rotate
        value = 0.95 - LOSS[spec.strategy.kind] * angle + 0.01 * spec.seed
        finish_run(store, run.id, value, **{"accuracy/planar.moons/class/test": 0.9})
    return begun


def test_every_method_meets_every_size_of_the_shift_and_other_parameters_stay():
    asked = [spec for spec, _condition in plan(seeds=1).experiment().specs()]
    assert {(spec.strategy.kind, spec.problem.target[0]) for spec in asked} == {
        (kind, f"planar.moons?scale=1.5{f'&rotate={angle}' if angle else ''}") for kind in LOSS for angle in ANGLES
    }
    titles = [condition.text() for condition in plan().conditions()]
    assert titles[:2] == ["Source only · Rotation in degrees: 0", "Fine-tuning · Rotation in degrees: 0"]


def test_a_size_at_which_the_target_would_be_the_source_is_left_out():
    same = parse_spec({}, ['problem.source=["planar.moons"]', 'problem.target=["planar.moons"]'])
    assert len(plan(same).conditions()) == len(LOSS) * (len(ANGLES) - 1)


def test_a_target_that_cannot_be_moved_is_refused_and_the_others_are_named():
    with pytest.raises(XferError, match=r"problem.target must begin with .* digits.rotated, .*; found names.places"):
        plan(parse_spec({}, ['problem.target=["names.places"]']), "").conditions()


@pytest.mark.parametrize("key", [key for key in domain_keys() if domain_info(key).parameters])
def test_every_size_is_within_the_bounds_of_its_parameter(key):
    parameters = domain_info(key).parameters
    assert parameters.sizes
    for name, sizes in parameters.sizes.items():
        assert len(set(sizes)) == len(sizes) > 3
        for size in sizes:
            type(parameters).model_validate({name: size})


def test_what_moved_is_read_from_the_runs():
    table = gather_results(open_store(), finished()).table
    shift = find_shift(table)
    assert shift.parameter == "Rotation in degrees"
    assert sorted(set(shift.sizes.values())) == list(ANGLES)
    assert len(set(shift.lines.values())) == len(LOSS)
    source = {shift.sizes[row.condition]: row.condition for row in table if row.kind == "source_only"}
    tuned = {shift.sizes[row.condition]: row.condition for row in table if row.kind == "fine_tune"}
    assert shift.at(tuned[45], source[0]) == source[45]
    assert find_shift([row for row in table if row.condition == source[0]]) is None, "one size alone is no sweep"
    moved = replace(table[0], condition="{}", targets={"planar.moons?noise=0.5": 0.5})
    assert find_shift([*table, moved]) is None, "two parameters moved"
    drawings = ("AgABAAFAgL-A", "AgABAAFAgL-_")
    drawn = [replace(table[0], condition=text, targets={f"planar.drawn?points={text}": 0.5}) for text in drawings]
    assert find_shift(drawn) is None, "a drawing is no size"


def test_each_method_is_compared_with_the_reference_at_the_same_size():
    results = gather_results(open_store(), finished(seeds=5))
    shift = results.shift
    differences = {shift.sizes[one.condition]: one.difference.mean for one in results.found if one.difference}
    expected = {angle: (LOSS["source_only"] - LOSS["fine_tune"]) * angle for angle in ANGLES}
    assert differences == pytest.approx(expected, abs=1e-6)
    assert [one.text for one in results.said] == [
        "Rotation in degrees from 0 to 90: **Fine-tuning** went from 97.0 ± 1.6 % to 88.0 ± 1.6 % and "
        "**Source only** went from 97.0 ± 1.6 % to 16.0 ± 1.6 % (5 seeds)."
    ]


def test_methods_are_counted_while_results_arrive():
    begun, store = finished(), open_store()
    for run in store.find(experiment=begun)[::3]:
        store.update(run.id, status=RUNNING)
    said = facts(gather_results(store, begun))
    assert said[0].startswith("Moons → 6 targets, Moons (scale 1.5) to Moons (scale 1.5, rotate 90)")
    assert said[1].startswith("2 methods, 2 seeds, 16 finished runs")


def test_the_farther_the_moons_are_turned_the_larger_is_the_measured_distance():
    found = [
        measured_distance(Problem(source=("planar.moons",), target=(f"planar.moons?rotate={angle}",), tasks=("class",)))
        for angle in (1, 30, 60, 90)
    ]
    assert abs(found[0]) < 0.01
    assert found == sorted(found)
    assert found[-1] > 5 * found[1] / 2


def test_the_picture_has_a_line_per_method_and_the_distance_on_its_own_axis():
    results = gather_results(open_store(), finished())
    words = ChartLabels("error in <b>years</b>", "labels", str)
    distances = {angle: angle / 100 for angle in ANGLES}
    figure = shift_chart(results.table, results.shift, results.shift.methods, distances, False, words, "distance")
    area, *lines = (trace for trace in figure.data if trace.mode != "markers")
    assert (area.yaxis, list(area.y)) == ("y2", list(distances.values()))
    assert figure.layout.yaxis2.range[1] > max(distances.values())
    assert {trace.name: list(trace.x) for trace in lines} == {
        "Source only": list(ANGLES),
        "Fine-tuning": list(ANGLES),
    }
    assert figure.layout.yaxis.title.text == "error in &lt;b&gt;years&lt;/b&gt;", "a unit is outside text"
    tuned = next(trace for trace in lines if trace.name == "Fine-tuning")
    assert list(tuned.y) == pytest.approx([0.955 - 0.001 * angle for angle in ANGLES])


def test_the_page_shows_the_picture_first(monkeypatch):
    begun = finished()
    page = app("compare", experiment=begun)
    assert page.pills(key=f"experiment.picture.{begun}").value == "shift"
    assert "Moons → 6 targets" in text_of(page)
    assert "2 methods" in text_of(page)
    assert page.get("plotly_chart")


def test_the_form_asks_what_moves_the_target_away():
    domains = {"problem.source": '["planar.moons"]', "problem.target": '["planar.moons?scale=1.5"]'}
    page = app("compare", question="shift", term="noise", **domains)
    chosen = next(box for box in page.selectbox if box.label == "What moves the target away")
    assert chosen.value == "noise"
    assert chosen.options == [
        "Rotation in degrees", "Noise", "Scale", "Shift to the right", "Shift upwards",
        "Samples of the first class for one of another",
    ]  # fmt: skip


def test_runs_of_other_experiments_make_no_sweep():
    store = open_store()
    run = store.create(parse_spec({}, ["strategy.kind=joint"]))
    finish_run(store, run, 0.5)
    assert find_shift(run_records(store.find())) is None
