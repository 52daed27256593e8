"""Which runs a filter asks for, how an experiment's runs fold, and what is best."""

from __future__ import annotations

import pytest

from tests.support.training import SOURCE, TARGET
from xfer_core.experiments.listing import RunFilter, best_first, entries
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import FINISHED, Run, Store


def made(store: Store, *settings: str, experiment: str = "", **changes: object) -> Run:
    run = store.create(parse_spec({}, settings), experiment=experiment)
    if changes:
        store.update(run, **changes)
    return store.get(run)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (RunFilter(), True),
        (RunFilter(text="TWO one"), True),
        (RunFilter(text="one three"), False),
        (RunFilter(text="7"), True),
        (RunFilter(text="2"), False),
        (RunFilter(methods=["fine_tune", "joint"]), True),
        (RunFilter(methods=["joint"]), False),
        (RunFilter(domains=[SOURCE, "digits.noisy"]), True),
        (RunFilter(domains=["digits.noisy"]), False),
        (RunFilter(outcomes=["queued"]), True),
        (RunFilter(outcomes=["failed"]), False),
    ],
)
def test_a_filter_asks_for_what_fits_all_of_it(store, wanted, found):
    assert wanted.matches(made(store), lambda run: "One two seed 7 on 2026-11-27") == found


def test_every_domain_of_a_run_counts(store):
    run = made(store, "strategy.kind=generalised", 'problem.unseen=["digits.noisy"]')
    for key in (SOURCE, TARGET, "digits.noisy"):
        assert RunFilter(domains=[key]).matches(run, lambda run: "")


def test_an_experiment_stands_where_its_first_run_does(store):
    runs = [made(store, experiment=experiment) for experiment in ("", "asked", "race", "asked", "race")]
    found = entries(runs, ["asked", "empty"])
    assert [(entry.experiment, len(entry.runs)) for entry in found] == [
        ("", 1), ("asked", 2), ("", 1), ("", 1),
    ]  # fmt: skip


def test_accuracies_stand_before_errors_and_both_before_nothing(store):
    def result(name: str, value: float) -> Run:
        found = {"target_metric": {"name": name, "value": value}, "metrics": {name: value}}
        return made(store, status=FINISHED, result=found)

    runs = [
        made(store),
        result("error/a/tilt/test", 9.0),
        result("accuracy/a/digit/test", 0.4),
        result("error/a/tilt/test", 3.0),
        result("accuracy/a/digit/test", 0.8),
        result("accuracy/a/digit/test", float("nan")),
    ]
    assert [runs.index(run) for run in best_first(runs)] == [4, 2, 3, 1, 0, 5]
