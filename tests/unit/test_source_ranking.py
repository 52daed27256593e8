"""Sources ranked for a target: order, agreement with gains, and nothing held out is looked at."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from scipy.stats import kendalltau

import xfer_core.analysis.source_ranking as ranking
from benchmarks import ranking as benchmark
from xfer_core.analysis.source_ranking import (
    MEASURES,
    SourceScore,
    agreement,
    compatible_sources,
    measured_gains,
    order_of,
    rank_sources,
    rankable_tasks,
)
from xfer_core.charts.source_ranking import rank_chart
from xfer_core.errors import XferError
from xfer_core.experiments.source_ranking import source_experiment
from xfer_core.problems.problem import Problem, split_problem


def row(kind: str, source: str, seed: int, value: float) -> Any:
    return SimpleNamespace(kind=kind, problem=Problem(source=(source,)), seed=seed, value=value)


def test_sources_have_the_task_and_a_class_in_common_and_can_be_put_together():
    found = compatible_sources("digits.low", "digit")
    assert "digits.high" not in found  # no digit in common
    assert "digits.low" not in found
    assert "digits.photo" in found
    assert not any(key.startswith(("planar", "names")) for key in found)
    assert rankable_tasks("planar.moons") == ("class",)
    assert "tilt" not in rankable_tasks("digits.photo")


def test_every_measure_scores_every_source_the_same_again():
    told: list[float] = []
    one = rank_sources("planar.moons", "class", 5, progress=told.append)
    assert one == rank_sources("planar.moons", "class", 5)
    assert told == pytest.approx([1 / 4, 1 / 2, 3 / 4, 1])
    assert all(set(found.scores) == set(MEASURES) for found in one)
    assert all(found.accuracy > 0.85 for found in one)


def test_a_source_alike_is_more_promising_than_one_turned_by_a_quarter():
    sources = ("planar.moons?rotate=5", "planar.moons?rotate=90")
    ranked = rank_sources("planar.moons", "class", 20, sources)
    for name in ("leep", "mmd"):
        assert order_of(ranked, name) == list(sources)


def test_only_labels_of_the_budget_and_no_held_out_target_sample_are_used(monkeypatch):
    seen: list[int] = []
    real = ranking.leep
    monkeypatch.setattr(ranking, "leep", lambda guesses, labels: seen.append(len(labels)) or real(guesses, labels))
    rank_sources("planar.moons", "class", 5, ("planar.circles",))
    assert seen == [10]
    problem = Problem(source=("planar.circles",), target=("planar.moons",), tasks=("class",), labels_per_class=5)
    assert len(split_problem(problem, 0).training["planar.moons"].labelled) == 10


def test_one_label_per_class_leaves_out_what_needs_two():
    (found,) = rank_sources("planar.moons", "class", 1, ("planar.circles",))
    assert "nearest_class_mean" not in found.scores
    assert "a_distance" in found.scores


def test_a_regression_is_refused():
    with pytest.raises(XferError) as raised:
        rank_sources("digits.photo", "tilt", 5)
    assert raised.value.code == "needs_classes"


def test_less_distance_is_better_and_more_evidence_too():
    ranked = [SourceScore("a", {"mmd": 0.1, "logme": 0.1}, 1.0), SourceScore("b", {"mmd": 0.2, "logme": 0.2}, 1.0)]
    assert order_of(ranked, "mmd") == ["a", "b"]
    assert order_of(ranked, "logme") == ["b", "a"]
    assert order_of(ranked, "leep") == []


def test_gains_are_differences_of_means_over_the_seeds_that_both_have():
    table = [row("target_only", "s", 0, 0.5), row("target_only", "s", 1, 0.7)]
    table += [row("fine_tune", "s", 0, 0.6), row("fine_tune", "s", 1, 0.6), row("fine_tune", "t", 2, 0.9)]
    assert measured_gains(table) == {"s": pytest.approx(0.0)}


def test_agreement_is_kendalls_tau_with_the_sign_of_the_measure():
    scores = {"a": 0.3, "b": 0.1, "c": 0.2, "d": 0.4}
    gains = {"a": 0.05, "b": 0.01, "c": 0.02, "d": 0.03}
    ranked = [SourceScore(name, {"leep": value, "mmd": value}, 1.0) for name, value in scores.items()]
    wanted = kendalltau(list(scores.values()), list(gains.values()))
    found = agreement(ranked, gains, "leep")
    assert found is not None
    assert (found.tau, found.p_value, found.sources) == (pytest.approx(wanted[0]), pytest.approx(wanted[1]), 4)
    opposite = agreement(ranked, gains, "mmd")
    assert opposite is not None
    assert opposite.tau == pytest.approx(-wanted[0])
    assert agreement(ranked[:2], gains, "leep") is None
    assert agreement(ranked, dict.fromkeys(gains, 0.1), "leep") is None


def test_the_experiment_is_one_run_from_scratch_and_one_for_each_source_and_seed():
    asked = source_experiment("digits.photo", "digit", ["digits.handwritten", "digits.noisy"], 5, 2)
    specs = [spec for spec, _ in asked.specs()]
    assert len(specs) == 6
    kinds = [(spec.strategy.kind, spec.problem.source[0]) for spec in specs[:3]]
    assert kinds == [
        ("target_only", "digits.handwritten"),
        ("fine_tune", "digits.handwritten"),
        ("fine_tune", "digits.noisy"),
    ]
    assert {spec.problem.target for spec in specs} == {("digits.photo",)}


def test_ranks_are_drawn_as_given_with_names_literal():
    orders = {"LEEP": ["x", "y"], "gain": ["y"]}
    figure = rank_chart(orders, {"x": "<b>x", "y": "y"}, False, "rank", "gain")
    assert [list(trace.y) for trace in figure.data] == [[1, None], [2, 1]]
    assert "<b>x" not in figure.data[0].name


def test_the_benchmark_prints_a_row_for_each_target_with_the_number_of_runs():
    scores = {key: {"leep": value} for key, value in (("digits.low", 1.0), ("digits.high", 2.0), ("digits.noisy", 3.0))}
    accuracy = {"": {"0": 0.5}, "digits.low": {"0": 0.6}, "digits.high": {"0": 0.7}, "digits.noisy": {"0": 0.8}}
    lines = benchmark.table({"digits.photo": {"scores": scores, "accuracy": accuracy}})
    assert lines[2].startswith("| Digits on photographs | 3 | 4 | +1.00 | – |")
    assert lines[-1].startswith("| **mean** | 3 pairs | 4 | **+1.00** |")
