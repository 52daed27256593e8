"""A network that broke: its run fails and says when, where and what to do; what was known before stays."""

from __future__ import annotations

import json
import math

import pytest
import torch

from tests.support.training import TARGET, At, Recorder, settings, small_problem, trainer
from xfer_core.cli import main
from xfer_core.errors import XferError, format_error
from xfer_core.execution.worker import run_here
from xfer_core.problems.problem import Problem
from xfer_core.runs.artifacts import CHECKPOINT
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import FAILED, FINISHED, RUNNING
from xfer_core.selections import ValidationView
from xfer_core.strategies.joint.joint import Joint
from xfer_core.training import Command
from xfer_core.training.checkpoint import last_good
from xfer_core.training.finite import check_metrics, check_weights, largest_errors

TILT = Problem(tasks=("tilt",))
BREAKS = (
    'problem.tasks=["tilt"]',
    "training.augment=[]",
    "training.optimizer.kind=sgd",
    "training.optimizer.lr=10",
    "training.steps=2",
    "strategy.kind=joint",
    "training.evaluations=1",
    "training.precision=float32",
)


def broken_run(store, *changes):
    """A run that has trained in this process."""
    run = store.create(parse_spec({}, [*BREAKS, *changes]), status=RUNNING)
    run_here(store, run, 1)
    return store.get(run)


@pytest.mark.parametrize(
    ("network", "code"), [("small_cnn", "not_finite_answers"), ("lenet", "absurd_error")], ids=["NaN", "1e36 degrees"]
)
def test_a_network_that_its_last_update_broke_fails_its_run(store, network, code):
    row = broken_run(store, f"network.kind={network}")
    assert (row.status, row.result) == (FAILED, None)
    assert row.reason["code"] == code
    assert "at step 2 (phase together), so the network broke; lower the learning rate" in row.reason["text"]
    points = store.updates_since(row.id).points
    assert {step for name, step, _ in points if name == "loss/total"} == {1, 2}, "its curves stay"
    assert not [name for name, _, _ in points if name.endswith("/test")]


@pytest.mark.parametrize("network", ["small_cnn", "lenet"])
def test_the_command_fails_with_json_that_every_reader_takes(network, capsys):
    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    options = [part for change in (*BREAKS, f"network.kind={network}") for part in ("--set", change)]
    assert main(["train", "--json", *options]) == 1
    said = capsys.readouterr()
    told = json.loads(said.out, parse_constant=refuse)
    assert told["status"] == FAILED
    assert told["reason"]["text"] == said.err.strip()
    for command in (["runs", "--json"], ["show", told["run"], "--json"]):
        assert main(command) == 0
        json.loads(capsys.readouterr().out, parse_constant=refuse)


def test_a_phase_without_a_loss_does_not_hide_a_broken_network(store):
    row = broken_run(store, "strategy.kind=adabn", "strategy.source_share=0.5", "training.steps=4")
    assert row.status == FAILED, row.result
    assert row.reason["params"]["phase"] == "statistics"
    assert "so the network broke; lower the learning rate" in row.reason["text"]


def test_what_is_finite_and_large_is_believed(store):
    """Two steps teach nothing: the error is that of a network that has not learned, and no fault."""
    assert broken_run(store, "training.optimizer.lr=1e-6").status == FINISHED


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["network", "modules"])
def test_weights_that_break_after_a_checkpoint_leave_that_checkpoint(tmp_path, every_step, where, value):
    path, told = tmp_path / CHECKPOINT, None

    def spoil():
        with torch.no_grad():
            next(getattr(run, where).parameters())[0] = value

    strategy = Joint() if where == "network" else parse_spec({}, ["strategy.kind=dann"]).strategy
    told = At({4: spoil})
    run = trainer(strategy, training=settings(6, evaluations=6), callback=told, checkpoint=path)
    with pytest.raises(XferError) as caught:
        run.run()
    assert caught.value.code in ("not_finite_loss", "not_finite_weights")
    assert caught.value.params["step"] == 5
    saved, _ = last_good(path, lambda state: True)
    assert saved is not None
    assert saved["step"] == 4
    assert all(tensor.isfinite().all() for tensor in saved["network"].values())
    assert set(told.values(f"accuracy/{TARGET}/digit/validation")) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("asked", ["pause", "stop"])
def test_a_network_that_broke_is_neither_paused_nor_stopped_as_if_it_were_well(tmp_path, every_step, asked):
    def spoil():
        with torch.no_grad():
            next(run.network.parameters())[0] = math.nan

    class Spoils(At):
        def commands(self):
            given = super().commands()
            if given:
                spoil()
            return given

    run = trainer(
        Joint(),
        training=settings(6),
        callback=Spoils({3: [Command(asked)]}),
        checkpoint=tmp_path / CHECKPOINT,
    )
    with pytest.raises(XferError) as caught:
        run.run()
    error = caught.value
    assert (error.code, error.params["step"], error.params["phase"]) == ("not_finite_weights", 3, "together")
    assert "NaN or infinity at step 3" in format_error(error)
    assert not (tmp_path / CHECKPOINT).exists(), "no broken network is kept to go on from"


def test_the_network_that_counts_is_judged_and_not_the_last_one(every_step):
    """The last update of this run breaks its network; the rule takes an earlier one, which is well."""

    class Spoils(Recorder):
        def on_evaluation(self):
            if run.step == 1:
                with torch.no_grad():
                    head = next(iter(run.network.heads.values()))
                    head.bias.fill_(1e9)

    run = trainer(
        Joint(), problem=TILT, callback=Spoils(), training=settings(2, evaluations=2, augment=(), selection="oracle")
    )
    result = run.run()
    assert result.status == "finished"
    assert result.selection["oracle"]["step"] == 1
    assert result.selection["last"]["value"] < -1e8
    assert all(value < 1000 for value in result.metrics.values())


def test_the_largest_error_that_is_believed_is_a_thousand_ranges_of_the_training_labels():
    data = small_problem(TILT, 0)
    labels = torch.cat([domain.labelled.labels["tilt"] for domain in data.training.values()])
    (limit,) = largest_errors(data).values()
    assert limit == pytest.approx(1000 * float(labels.max() - labels.min()))
    name = f"error/{TARGET}/tilt/test"
    check_metrics({name: limit, f"error/{TARGET}/other/test": 1e30}, {"tilt": limit}, 3, "target")
    with pytest.raises(XferError) as caught:
        check_metrics({name: 2 * limit}, {"tilt": limit}, 3, "target")
    assert (caught.value.code, caught.value.field) == ("absurd_error", name)
    assert format_error(caught.value) == (
        f"{name} is above {limit:g}, which is 1000 times the range of the training labels, at step 3 (phase target), "
        f"so the network broke; lower the learning rate; found {2 * limit:.3g}."
    )
    assert largest_errors(small_problem(Problem(), 0)) == {}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_the_first_tensor_that_is_not_finite_is_named(value):
    tensors = [
        ("count", torch.tensor(3)),
        ("a", torch.ones(2)),
        ("b", torch.tensor([1.0, value])),
        ("c", torch.full((1,), value)),
    ]
    with pytest.raises(XferError) as caught:
        check_weights(tensors, 7, "source")
    assert caught.value.field == "b"
    assert str(caught.value.value) == str(value)
    check_weights(tensors[:2], 7, "source")


def test_an_answer_that_is_no_number_makes_its_accuracy_none():
    outputs = torch.eye(3)
    assert ValidationView(outputs, torch.arange(3)).score() == 1
    outputs[1, 1] = math.nan  # the largest value of this row for argmax, and the right class
    assert math.isnan(ValidationView(outputs, torch.arange(3)).score())


def test_large_errors_are_summed_in_double_precision():
    off = torch.full((500, 1), 1.5e36)
    assert ValidationView(off, torch.zeros(500)).score() == pytest.approx(-1.5e36)
