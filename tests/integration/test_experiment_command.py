"""The command ``experiment``: plans, waits, reports; interrupted, it goes on. The runs are trained in this process."""

from __future__ import annotations

import json
from statistics import mean, stdev

import pytest

from xfer_core.cli import main
from xfer_core.execution import dispatcher
from xfer_core.execution.worker import run_here
from xfer_core.runs.store import FAILED, PAUSED, QUEUED, RUNNING, open_store

QUICK = ("--set", "training.steps=4", "--set", "training.batch_size=8", "--set", "network.width=4")
TWO = ("experiment", "compare", *QUICK, "--set", "methods=target_only,fine_tune", "--budgets", "5,1")


@pytest.fixture
def serve(monkeypatch):
    """Replaces the dispatcher by a function that is given the queued runs, the oldest first."""

    def replace(train) -> None:
        def once() -> None:
            store = open_store()
            for run in store.find(statuses=(QUEUED,))[::-1]:
                train(store, run)

        monkeypatch.setattr(dispatcher, "ensure_dispatcher", once)

    return replace


def train(store, run) -> None:
    store.update(run.id, status=RUNNING)
    run_here(store, run.id, 1)


def test_the_object_holds_what_was_asked_and_the_mean_of_every_condition_and_budget(serve, capsys):
    serve(train)
    assert main([*TWO, "--seeds", "2", "--json", "--set", "fine_tune.source_share=0.25"]) == 0
    heard = capsys.readouterr()
    found = json.loads(heard.out.splitlines()[-1])
    assert (found["preset"], found["budgets"], found["seeds"]) == ("compare", [5, 1], [0, 1])
    assert [one["title"] for one in found["conditions"]] == ["From scratch", "Fine-tuning"]
    assert (found["selection"], found["metric"], found["failures"]) == ("last", "accuracy/digits.photo/digit/test", [])
    values = {}
    for run in open_store().find(experiment=found["experiment"])[::-1]:
        spec = run.typed_spec
        values.setdefault((run.name, spec.problem.labels_per_class), []).append(run.target_metric["value"])
        assert spec.strategy.kind == "target_only" or spec.strategy.source_share == 0.25
    assert [(row["condition"], row["budget"]) for row in found["rows"]] == list(values)
    for row, measured in zip(found["rows"], values.values(), strict=True):
        assert (row["mean"], row["sd"]) == (pytest.approx(mean(measured)), pytest.approx(stdev(measured)))
        assert (row["n"], row["seeds"]) == (2, [0, 1])
    assert heard.err.splitlines()[-1] == "8 of 8 runs are finished"


def test_the_table_has_a_line_for_every_condition_and_budget(serve, capsys):
    serve(train)
    assert main(["experiment", "race", *QUICK, "--seeds", "1"]) == 0
    title, *lines = capsys.readouterr().out.splitlines()
    (row,) = open_store().experiments().values()
    assert title == f"From scratch, practised first, or both at once? ({row.id})"
    assert row.preset == "race"
    assert sorted(line.split("  ")[-1].strip() for line in lines[-3:]) == ["1"] * 3
    for run in open_store().find():
        (line,) = (line for line in lines[-3:] if run.name in line)
        assert f"{100 * run.target_metric['value']:.1f}" in line


def test_runs_without_a_result_are_named_and_left_out(serve, capsys):
    def some(store, run) -> None:
        if run.typed_spec.seed:
            store.update(run.id, status=FAILED, reason={"text": "out of luck"})
        else:
            train(store, run)

    serve(some)
    assert main([*TWO, "--seeds", "2", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {(row["n"], row["sd"]) for row in found["rows"]} == {(1, None)}
    assert [(one["seed"], one["status"], one["reason"]) for one in found["failures"]] == [
        (1, FAILED, "out of luck")
    ] * 4

    def lose(store, run) -> None:
        store.update(run.id, status=FAILED)
        store.delete([run.id])

    serve(lose)
    assert main([*TWO, "--seeds", "3", "--json"]) == 1
    assert {one["status"] for one in json.loads(capsys.readouterr().out)["failures"]} == {"deleted"}
    serve(lambda store, run: store.update(run.id, status=FAILED))
    assert main(["experiment", "race", *QUICK, "--seeds", "1"]) == 1
    assert "no run has finished\nFrom scratch, seed 0: failed" in capsys.readouterr().out


def test_an_interrupted_experiment_is_paused_and_the_same_command_goes_on(serve, capsys):
    trained = []

    def first_only(store, run) -> None:
        if trained:
            raise KeyboardInterrupt
        trained.append(run.id)
        train(store, run)

    serve(first_only)
    assert main([*TWO, "--seeds", "2"]) == 130
    (begun,) = open_store().experiments()
    heard = capsys.readouterr()
    assert f"paused: {begun}. The same command goes on with it" in heard.err
    assert heard.out == ""
    assert sorted(run.status for run in open_store().find()) == ["finished", *[PAUSED] * 7]
    serve(train)
    open_store().delete([open_store().find(statuses=(PAUSED,))[0].id])
    assert main([*TWO, "--seeds", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["experiment"] == begun
    assert len(open_store().find()) == 8, "nothing was trained twice, and what was deleted again"
    assert main([*TWO, "--seeds", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["experiment"] != begun, "a finished one is made again"


BAD = {
    "preset": (["why"], "preset must be one of help, ", "why"),
    "no seed": (["help", "--seeds", "0"], "seeds must be at least 1", "0"),
    "seeds": (["help", "--seeds", "many"], "seeds must be a whole number", "many"),
    "budget": (["help", "--budgets", "5,x"], "problem.labels_per_class must be a whole number", "x"),
    "no budget": (["help", "--budgets", ","], "experiment.budgets must name at least one", "nothing"),
    "labels": (["help", "--budgets", "9999"], "problem.labels_per_class must be at most", "9999"),
    "many runs": (["help", "--seeds", "200"], "experiment.seeds must ask for at most 600", "2400"),
    "field": (["help", "--set", "training.colour=3"], "training.colour is not a field here", "3"),
    "no part": (["help", "--set", "colour=3"], "colour is not a field here", "3"),
    "flag": (["help", "--set", "seeds=3"], "seeds is not a field here", "3"),
    "whose field": (["help", "--set", "strategy.weight=3"], "strategy.weight is not a field here", "3"),
    "of a method": (["help", "--set", "dann.hidden=-1"], "strategy.hidden must be at least", "-1"),
    "method": (["help", "--set", "methods=joint,nonsense"], "methods must be one of", "nonsense"),
    "setting": (["help", "--set", "seed"], "--set must look like PATH=VALUE", "seed"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_with_field_rule_and_value_and_starts_nothing(serve, capsys, name):
    arguments, begins, value = BAD[name]
    serve(train)
    assert main(["experiment", *arguments]) == 2
    heard = capsys.readouterr()
    assert heard.err.startswith(begins)
    assert heard.err.endswith(f"found {value}.\n")
    assert (heard.err.count("\n"), heard.out) == (1, "")
    assert not open_store().experiments()
