"""An experiment is a row of the store: what was asked, kept until its last run is deleted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.experiments import FOUR_METHODS
from xfer_core.experiments.experiment import Condition, Experiment, begin_or_resume, begin_runs, experiment_of
from xfer_core.experiments.plan import plan_for
from xfer_core.experiments.presets import ALL_PRESETS, is_on_compare, is_on_start
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import FINISHED

ASKED = Experiment("help", parse_spec({}, ["training.steps=20"]), FOUR_METHODS[:2], (1, "all"), (0, 1))


def test_what_was_asked_is_stored_with_its_runs(store):
    begun = ASKED.begin(store, str.upper)
    row = store.experiment(begun)
    assert (row.preset, row.name, row.owner, row.budgets, row.seeds) == ("help", "", "", [1, "all"], [0, 1])
    asked = store.asked(begun)
    assert RunSpec.model_validate(asked["base"]) == ASKED.base
    conditions = [Condition(one["title"], tuple(one["settings"]), one["params"]) for one in asked["conditions"]]
    assert conditions == [*ASKED.conditions]
    runs = store.find(experiment=begun)[::-1]
    assert [(run.digest, run.name) for run in runs] == [
        (spec.digest(), one.title.upper()) for spec, one in ASKED.specs()
    ]
    assert store.experiment("gone") is None


def test_the_newest_experiment_stands_first(store):
    begun = [ASKED.begin(store) for _ in range(3)]
    assert [*store.experiments()] == begun[::-1]
    assert [*store.experiments(begun[:1])] == begun[:1]


def test_an_experiment_has_the_name_that_it_was_given_last(store):
    begun = ASKED.begin(store)
    for name, found in (("  Lecture 3 ", "Lecture 3"), ("Lecture 4", "Lecture 4"), ("x" * 300, "x" * 200), (" ", "")):
        store.name_experiment(begun, name)
        assert store.experiment(begun).name == found


def test_an_experiment_goes_with_its_last_run_and_no_sooner(store):
    begun, other = (begin_runs(store, "help", [(RunSpec(), ""), (RunSpec(seed=1), "")], "mine", FINISHED) for _ in "ab")
    first, second = store.find(experiment=begun)
    store.delete([first.id])
    assert store.experiment(begun).name == "mine"
    store.delete([second.id])
    assert [*store.experiments()] == [other]


@pytest.mark.parametrize("preset", ALL_PRESETS)
def test_what_was_asked_is_found_again_in_the_runs(preset):
    plan = plan_for(preset, seeds=2)
    runs = [(spec, one.title.format(**one.params)) for spec, one in plan.experiment().specs()]
    found = experiment_of(preset, runs)
    assert {spec.digest() for spec, _ in found.specs()} == {spec.digest() for spec, _ in runs}
    assert [one.title for one in found.conditions] == list(dict.fromkeys(name for _, name in runs))
    assert (found.budgets, found.seeds) == (plan.budgets, (0, 1))


def test_runs_may_differ_in_more_than_their_method():
    changes = (["seed=3"], ["seed=3", "network.kind=lenet", "training.optimizer.lr=0.5", "strategy.kind=joint"],
               ["seed=3", 'problem.source=["digits.printed"]', "training.optimizer.kind=sgd"])  # fmt: skip
    runs = [(parse_spec({}, change), "") for change in changes]
    found = experiment_of("compare", runs)
    assert [spec.digest() for spec, _ in found.specs()] == [spec.digest() for spec, _ in runs]


def test_the_same_plan_goes_on_with_an_experiment_only_where_it_means_the_very_same_runs(store):
    begun = ASKED.begin(store)
    assert begin_or_resume(store, ASKED) == begun
    other = begin_or_resume(store, replace(ASKED, budgets=(1,)))
    assert begin_or_resume(store, ASKED) == begun != other
    store.update(store.find(experiment=begun)[0].id, digest="of an older default")
    assert begin_or_resume(store, ASKED) not in (begun, other)


def test_start_shows_a_race_and_compare_what_else_asks_a_question(store):
    race = Experiment("race", RunSpec(), FOUR_METHODS[:1], (5,), (0,))
    begun = [race.begin(store), ASKED.begin(store), begin_runs(store, "train", [(RunSpec(), "")])]
    rows = [store.experiment(one) for one in begun]
    assert [is_on_start(row) for row in rows] == [True, False, False]
    assert [is_on_compare(row) for row in rows] == [False, True, False]
    store.create(RunSpec(seed=1), experiment=begun[0])
    row = store.experiment(begun[0])
    assert (row.seeds, is_on_start(row), is_on_compare(row)) == ([0, 1], False, True)
