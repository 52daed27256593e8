"""Paused, killed and resumed as often as one likes: the same weights to the last bit as a run left in peace."""

from __future__ import annotations

import os
from typing import ClassVar, Literal

import pytest
import torch
from torch import nn

from tests.support.full_disk import refuse
from tests.support.training import (
    PAUSE,
    SOURCE,
    TARGET,
    At,
    Recorder,
    attempts,
    differing,
    interrupt_at,
    settings,
    trained,
    trainer,
    weights_of,
)
from xfer_core.networks import SmallCNN
from xfer_core.problems.problem import Problem
from xfer_core.strategies import Phase, Strategy
from xfer_core.strategies.base import forward_task_losses
from xfer_core.strategies.generalised.generalised import Generalised
from xfer_core.strategies.joint.joint import Joint
from xfer_core.strategies.transfer.fine_tune import FineTune
from xfer_core.training import SGD, Adam, Command
from xfer_core.training import trainer as loop_module
from xfer_core.training.checkpoint import FORMAT, UnusableCheckpoint, previous, read_checkpoint, write_checkpoint

pytestmark = pytest.mark.usefixtures("every_step")

S, T = f"{SOURCE}/digit", f"{TARGET}/digit"
STEPS = 6


class Learned(Strategy):
    """A strategy with a module and a state of its own: a learned scale of the loss, and a count of steps."""

    family: ClassVar = "joint"
    title: ClassVar = "Learned"
    kind: Literal["learned"] = "learned"

    def phases(self, data, network):
        fixed = network.expand_names(["conv1"])
        return (Phase("a", (SOURCE,), 0.5), Phase("b", (TARGET,), 0.5, frozen=fixed, reset="heads"))

    def lambdas(self, problem):
        return {"scaled": 1.0}

    def modules(self, data, network):
        return {"scale": nn.Linear(1, 1, bias=False)}

    def state(self, data):
        return {"steps": 0, "mean": torch.zeros(())}

    def terms(self, batches, context):
        (loss,) = forward_task_losses(context.network, batches).values()
        context.state["steps"] += 1
        context.state["mean"] = 0.9 * context.state["mean"] + 0.1 * loss.mean().detach()
        scale = context.modules["scale"](torch.ones(1)) ** 2
        return {"scaled": loss * scale + context.state["mean"] * scale}


STRATEGIES = [
    FineTune(frozen=("conv1",), new_head=True, target_lr=0.02),
    FineTune(frozen=("head",)),
    Joint(),
    Generalised(scheme="hard"),
    Learned(),
]
OPTIMIZERS = [Adam(lr=0.01, weight_decay=0.1), SGD(lr=0.05, momentum=0.9)]
NAMES = ["new_head", "frozen_head", "joint", "hard", "own"]
every_strategy = pytest.mark.parametrize("strategy", STRATEGIES, ids=NAMES)


PAUSES = [(1, 4), (3,), (0,), (0, 1, 2, 3, 4, 5)]
PAIRS = [  # every strategy with every pauses and with every optimiser, every pauses with every optimiser
    pytest.param(strategy, OPTIMIZERS[(i + j) % 2], pauses, id=f"{name}-{pauses}")
    for i, (name, strategy) in enumerate(zip(NAMES, STRATEGIES, strict=True))
    for j, pauses in enumerate(PAUSES)
]


@pytest.mark.parametrize(("strategy", "optimizer", "pauses"), PAIRS)
def test_a_paused_run_ends_with_the_same_bits(strategy, optimizer, pauses, tmp_path):
    training = settings(STEPS, optimizer=optimizer)
    left_alone = trainer(strategy, training=training, callback=(alone := Recorder()))
    expected = left_alone.run()
    run, result, heard = attempts(strategy, training, tmp_path / "c.pt", pauses)
    assert not differing(weights_of(run), weights_of(left_alone))
    assert result.metrics == expected.metrics
    assert result.frozen_unchanged == expected.frozen_unchanged
    told = sorted(p for life in heard for p in life.points if p[0] != "samples_per_second")
    assert told == sorted(p for p in alone.points if p[0] != "samples_per_second"), "a point is lost or told twice"
    assert [e for life in heard for e in life.events] == alone.events
    assert run.samples == left_alone.samples
    if isinstance(strategy, Learned):
        assert run.context.state["steps"] == STEPS


def test_a_paused_run_follows_the_course_of_its_learning_rate(tmp_path):
    training = settings(STEPS, schedule="cosine")
    left_alone = trained(FineTune(), training=training)
    run, *_ = attempts(FineTune(), training, tmp_path / "c.pt", (0, 1, 3, 5))
    assert not differing(weights_of(run), left_alone)
    assert differing(left_alone, trained(FineTune(), training=settings(STEPS))), "the course makes a difference"


@every_strategy
@pytest.mark.parametrize(("step", "saved"), [(0, 0), (2, 0), (4, 3), (5, 3), (7, 6)])
def test_a_killed_run_goes_on_from_its_last_checkpoint(strategy, step, saved, tmp_path):
    training = settings(9, evaluations=3)  # looks, and so saves, at 3, 6 and 9, and where phases end
    told, found = interrupt_at(step, strategy, training, tmp_path / "c.pt")
    phase_end = {"fine_tune": 4, "learned": 4}.get(strategy.kind, 0)
    assert found == max(saved, phase_end if phase_end <= step else 0)
    run = trainer(strategy, training=training, checkpoint=tmp_path / "c.pt", callback=(again := Recorder()))
    result = run.run()
    assert not differing(weights_of(run), trained(strategy, training=training))
    assert result.frozen_unchanged in (None, True)
    for name in (f"accuracy/{T}/validation", "loss/total"):
        kept = {at for at in told.values(name) if at <= found}  # the store forgets later ones, they come again
        steps = {0, 3, 6, 9} if "accuracy" in name else set(range(1, 10))
        assert kept | set(again.values(name)) == steps
        assert not kept & set(again.values(name)) or found == 0


@pytest.mark.parametrize(
    ("strategy", "name", "value"),
    [(Joint(), f"lambda/{T}", 0.1), (FineTune(), "lr", 0.1), (FineTune(frozen=("conv1",)), f"lambda/{T}", 4.0)],
)
@pytest.mark.parametrize(
    ("optimizer", "often"), list(zip(OPTIMIZERS, (True, False), strict=True)), ids=["told each step", "told seldom"]
)
def test_a_knob_turned_after_the_last_checkpoint_is_replayed(
    strategy, name, value, optimizer, often, tmp_path, request
):
    training = settings(10, optimizer=optimizer, evaluations=2)
    turn = Command("set", name, value)
    undisturbed = trainer(strategy, training=training, callback=At({6: [turn]}))
    undisturbed.run()
    assert differing(weights_of(undisturbed), trained(strategy, training=training))
    told, saved = interrupt_at(8, strategy, training, tmp_path / "c.pt", {6: [turn]})
    assert saved == 5
    replay = [(step, Command("set", **details)) for kind, step, details in told.events if kind == "set"]
    assert replay == [(6, turn)]
    if not often:
        request.getfixturevalue("monkeypatch").undo()
    run = trainer(strategy, training=training, checkpoint=tmp_path / "c.pt", replay=replay)
    run.run()
    assert not differing(weights_of(run), weights_of(undisturbed))


@pytest.mark.parametrize(
    ("strategy", "name"), [(Joint(), f"lambda/{T}"), (FineTune(), f"lambda/{T}"), (FineTune(), "lr")]
)
def test_a_knob_turned_just_before_a_pause_is_neither_lost_nor_doubled(strategy, name, tmp_path):
    """Fine-tuning is still on the source then: what was turned must hold in the next phase too."""
    training, turn = settings(STEPS), Command("set", name, 0.25)
    undisturbed = trainer(strategy, training=training, callback=At({2: [turn]}))
    undisturbed.run()
    told = At({2: [turn, *PAUSE]})
    trainer(strategy, training=training, callback=told, checkpoint=tmp_path / "c.pt").run()
    for replay in ([], [(2, turn)]):
        path = tmp_path / f"{len(replay)}.pt"
        path.write_bytes((tmp_path / "c.pt").read_bytes())
        run = trainer(strategy, training=training, checkpoint=path, replay=replay)
        run.run()
        assert not differing(weights_of(run), weights_of(undisturbed))


def test_knobs_are_replayed_in_the_order_of_their_steps_not_of_their_lives():
    """Life 1 turns it at step 4, life 2 starts afresh and turns it at 2 already: the third does both, 2 first."""
    late, early = Command("set", f"lambda/{T}", 0.1), Command("set", f"lambda/{T}", 3.0)
    expected = trainer(Joint(), training=settings(STEPS), callback=At({2: [early], 4: [late]}))
    expected.run()
    run = trainer(Joint(), training=settings(STEPS), replay=[(4, late), (2, early)])
    run.run()
    assert not differing(weights_of(run), weights_of(expected))


def test_a_finished_run_that_is_resumed_trains_no_further(tmp_path):
    run = trainer(Joint(), checkpoint=tmp_path / "c.pt")
    first = run.run()
    again = trainer(Joint(), checkpoint=tmp_path / "c.pt")
    assert again.run().metrics == first.metrics
    assert not differing(weights_of(again), weights_of(run))


def test_a_checkpoint_is_replaced_in_one_move(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "c.pt"
    assert read_checkpoint(path) is None
    write_checkpoint(path, {"step": 1, "tensor": torch.arange(3)})

    write_checkpoint(path, {"step": 2})
    for broken in ("fsync", "replace"):  # the content does not reach the disk, or its name does not
        with monkeypatch.context() as patch:
            patch.setattr(os, broken, refuse)
            with pytest.raises(OSError, match="No space left"):
                write_checkpoint(path, {"step": 3})
        assert [read_checkpoint(file)["step"] for file in (path, previous(path))] == [2, 1]
    assert read_checkpoint(previous(path))["tensor"].tolist() == [0, 1, 2]
    assert sorted(file.name for file in path.parent.iterdir()) == ["c.previous.pt", "c.pt"], "no half file stays"


def test_a_cut_of_the_power_leaves_one_whole_checkpoint(tmp_path, monkeypatch):
    """Not every checkpoint waits for the disk: those that do not must never push out the last that did."""
    flushed, lost, save = {}, [], loop_module.write_checkpoint

    def saved(path, state, durable, keep):
        save(path, state, durable, keep)
        flushed[state["step"]] = durable
        lost.append(not any(flushed[read_checkpoint(file)["step"]] for file in (path, previous(path)) if file.exists()))

    monkeypatch.setattr(loop_module, "write_checkpoint", saved)
    monkeypatch.setattr(loop_module, "DURABLE_SECONDS", 999.0)  # however long this takes on a busy machine
    trainer(Joint(), training=settings(9, evaluations=9), checkpoint=tmp_path / "c.pt").run()
    assert flushed == {1: True, **dict.fromkeys(range(2, 9), False), 9: True}
    assert not any(lost)


def flip(content: bytes, at: int) -> bytes:
    """One bit of a byte turned over."""
    return content[:at] + bytes([content[at] ^ 16]) + content[at + 1 :]


DAMAGE = {
    "empty": lambda content: b"",
    "cut in the first line": lambda content: content[:9],
    "cut in half": lambda content: content[: len(content) // 2],
    "its end is missing": lambda content: content[:-1],
    "one bit": lambda content: flip(content, len(content) // 2),
    "one bit of the checksum": lambda content: flip(content, len(FORMAT)),
    "another version": lambda content: content.replace(FORMAT, b"xfer checkpoint 0\n"),
    "something else": lambda content: b"hello",
}


@pytest.mark.parametrize(
    ("damage", "both"),
    [*((damage, False) for damage in DAMAGE.values()), (DAMAGE["one bit"], True)],
    ids=[*DAMAGE, "one bit, and of the one before"],
)
def test_a_damaged_checkpoint_is_not_trained_on(tmp_path, damage, both):
    training, path = settings(9, evaluations=3), tmp_path / "c.pt"
    _, saved = interrupt_at(7, Joint(), training, path)
    assert (saved, read_checkpoint(previous(path))["step"]) == (6, 3)
    files = [path, previous(path)][: 1 + both]
    for file in files:
        file.write_bytes(damage(file.read_bytes()))
    run = trainer(Joint(), training=training, checkpoint=path, callback=(told := Recorder()))
    result = run.run()
    ((step, details),) = [(step, details) for kind, step, details in told.events if kind == "fallback"]
    assert (step, details["anew"]) == ((0, True) if both else (3, False))
    assert list(details["unusable"]) == [file.name for file in files]
    assert run.first_step == step
    assert result.status == "finished"
    assert not differing(weights_of(run), trained(Joint(), training=training))
    assert read_checkpoint(path)["step"] == 9


@pytest.mark.parametrize(
    "other",
    [
        {"network": SmallCNN(width=8)},
        {"strategy": FineTune()},
        {"seed": 1},
        {"training": settings(12, evaluations=3)},
        {"problem": Problem(labels_per_class=7)},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_checkpoint_of_another_run_is_not_trained_on(tmp_path, other):
    training, path = settings(9, evaluations=3), tmp_path / "c.pt"
    interrupt_at(7, Joint(), training, path)
    trainer(**{"strategy": Joint(), "training": training, "checkpoint": tmp_path / "other.pt", **other}).run()
    path.write_bytes((tmp_path / "other.pt").read_bytes())
    run = trainer(Joint(), training=training, checkpoint=path, callback=(told := Recorder()))
    run.run()
    assert ("fallback", 3) in [(kind, step) for kind, step, _ in told.events]
    assert not differing(weights_of(run), trained(Joint(), training=training))


def test_any_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / "c.pt"
    write_checkpoint(path, {"step": 1, "tensor": torch.arange(3)})
    content = path.read_bytes()
    for at in range(len(content)):
        path.write_bytes(flip(content, at))
        with pytest.raises(UnusableCheckpoint):
            read_checkpoint(path)


def test_the_unusable_checkpoint_does_not_become_the_one_before(tmp_path):
    """Killed again before it has gone far, the run still has the good one."""
    training, path = settings(9, evaluations=3), tmp_path / "c.pt"
    interrupt_at(7, Joint(), training, path)
    path.write_bytes(b"")
    told, saved = interrupt_at(7, Joint(), training, path)
    assert (saved, read_checkpoint(previous(path))["step"]) == (6, 3)
    assert [kind for kind, *_ in told.events].count("fallback") == 1


def test_killed_between_two_moves_a_run_goes_on_from_the_one_before(tmp_path):
    training, path = settings(9, evaluations=3), tmp_path / "c.pt"
    interrupt_at(7, Joint(), training, path)
    path.unlink()
    run = trainer(Joint(), training=training, checkpoint=path, callback=(told := Recorder()))
    run.run()
    assert run.first_step == 3
    assert "fallback" not in [kind for kind, *_ in told.events]
    assert not differing(weights_of(run), trained(Joint(), training=training))


def test_a_checkpoint_cannot_carry_code(tmp_path, capsys):
    class Bomb:
        def __reduce__(self):
            return print, ("boom",)

    write_checkpoint(tmp_path / "c.pt", {"step": Bomb()})
    with pytest.raises(UnusableCheckpoint) as caught:
        read_checkpoint(tmp_path / "c.pt")
    assert "weights_only" in str(caught.value.__cause__)
    assert capsys.readouterr().out == ""
