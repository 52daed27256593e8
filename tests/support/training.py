"""Trainers that are cheap to run, and callbacks that interfere at a chosen step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from xfer_core.networks import ArticleNet, NetworkConfig, SmallCNN
from xfer_core.problems.problem import Problem, ProblemData, Samples, split_problem
from xfer_core.strategies import Strategy
from xfer_core.training import Adam, Command, NullCallback, Result, Trainer, TrainingConfig
from xfer_core.training.checkpoint import read_checkpoint

SOURCE, TARGET = "digits.handwritten", "digits.photo"


SMALL = SmallCNN(width=4)


NETWORK_CONFIGS = (SMALL, ArticleNet())


Weights = dict[str, Tensor]


def event(seq: int, step: int = 0, kind: str = "phase", **details: Any) -> dict[str, Any]:
    """An event as a worker writes it."""
    return {"seq": seq, "step": step, "kind": kind, "details": details, "time": 1.5}


@cache
def small_problem(problem: Problem, seed: int) -> ProblemData:
    """A problem dealt once, with 40 held-out samples of each kind, so that measuring costs next to nothing."""
    whole = split_problem(problem, seed)
    few = {
        name: Samples(part.inputs[:40], {task: y[:40] for task, y in part.labels.items()}, part.example_ids[:40])
        for name, part in whole.held_out.items()
    }
    return replace(whole, held_out=few)


def settings(steps: int = 4, **changes: Any) -> TrainingConfig:
    """Training short enough to be repeated often; float32, so that it is the same on every processor."""
    given = {"batch_size": 4, "precision": "float32", "device": "cpu", "evaluations": 1, "optimizer": Adam(lr=0.01)}
    return TrainingConfig(steps=steps, **{**given, **changes})


def trainer(
    strategy: Strategy,
    network: NetworkConfig = SMALL,
    training: TrainingConfig | None = None,
    problem: Problem | None = None,
    seed: int = 0,
    **more: Any,
) -> Trainer:
    """A trainer that has not begun; with ``data=None`` it deals the whole problem itself."""
    problem = problem or Problem()
    more.setdefault("data", small_problem(problem, seed))
    return Trainer(problem, network, strategy, training or settings(), seed, **more)


def weights_of(run: Trainer) -> Weights:
    """A copy of every parameter and buffer, those of the strategy's modules too."""
    tensors = {**run.network.state_dict(), **{f"modules.{k}": v for k, v in run.modules.state_dict().items()}}
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def trained(*args: Any, **kwargs: Any) -> Weights:
    """The weights at the end of a run."""
    run = trainer(*args, **kwargs)
    run.run()
    return weights_of(run)


def differing(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> set[str]:
    """Names of the tensors that are not the same to the last bit."""
    assert one.keys() == other.keys()
    return {name for name in one if not torch.equal(one[name], other[name])}


class Recorder(NullCallback):
    """Keeps everything that it is told."""

    def __init__(self) -> None:
        self.step, self.points, self.events, self.progress = 0, [], [], {}

    def on_metrics(self, points, progress) -> None:
        self.step, self.progress = progress["step"], progress
        self.points += points

    def on_event(self, kind, step, **details) -> None:
        self.events.append((kind, step, details))

    def values(self, name: str) -> dict[int, float]:
        """Step → value of one scalar."""
        return {step: value for scalar, step, value in self.points if scalar == name}


class AtPhases(Recorder):
    """Keeps the weights as each phase begins."""

    def __init__(self) -> None:
        super().__init__()
        self.run: Trainer | None = None
        self.result: Result | None = None
        self.weights: list[Weights] = []

    def on_event(self, kind, step, **details) -> None:
        super().on_event(kind, step, **details)
        if kind == "phase":
            self.weights.append(weights_of(self.run))


def phases_of(strategy: Strategy, **more: Any) -> AtPhases:
    """What was told of a whole run, with its weights as each phase began."""
    told = AtPhases()
    told.run = trainer(strategy, callback=told, **more)
    told.result = told.run.run()
    return told


class At(Recorder):
    """Hands in commands, or does something, once the run has come to a step.

    Args:
        plan: step → commands for that step, or a function to call.
        begin: the step at which this life of the run begins.
    """

    def __init__(self, plan: Mapping[int, list[Command] | Callable[[], None]], begin: int = 0) -> None:
        super().__init__()
        self.plan, self.step = dict(plan), begin

    def commands(self) -> list[Command]:
        asked = self.plan.pop(self.step, [])
        if callable(asked):
            asked()
            return []
        return asked


PAUSE = [Command("pause")]


class Killed(BaseException):
    """Stands for a process that ends without a word."""


def kill() -> None:
    """End the run as a crash would: nothing is saved any more."""
    raise Killed


def attempts(strategy, training, path, pauses, **more):
    """A run that is paused at each of these steps and resumed by a new trainer; the last trainer and all it told."""
    heard, begin = [], 0
    for at in (*pauses, None):
        told = At({at: PAUSE}, begin)
        torch.manual_seed(at or 77)  # what happened in the process in between does not matter
        run = trainer(strategy, training=training, callback=told, checkpoint=path, **more)
        result = run.run()
        assert (result.status, result.step) == (("finished", training.steps) if at is None else ("paused", at))
        heard.append(told)
        begin = at
    return run, result, heard


def interrupt_at(step, strategy, training, path, plan=None):
    told = At({**(plan or {}), step: kill})
    with pytest.raises(Killed):
        trainer(strategy, training=training, callback=told, checkpoint=path).run()
    saved = read_checkpoint(path)
    return told, saved["step"] if saved else 0
