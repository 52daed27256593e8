"""What several tests share: a cheap problem, a trainer in one line, observers that interfere at a chosen step."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from xfer_core.domains import builtin_domains, domain_keys
from xfer_core.networks import ArticleNet, NetworkConfig, SmallCNN
from xfer_core.problems.problem import Problem, ProblemData, Samples, split_problem
from xfer_core.runs.store import Store
from xfer_core.strategies import Strategy
from xfer_core.training import Adam, Command, NullCallback, Result, Trainer, TrainingConfig
from xfer_core.training import trainer as loop_module

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")  # what is compared to the last bit is compared on the processor
torch.set_num_threads(1)
collect_ignore = [] if find_spec("playwright") else ["browser"]  # a GPU machine need not have it

SOURCE, TARGET = "digits.handwritten", "digits.photo"
SMALL = SmallCNN(width=4)
NETWORK_FORMS = (SMALL, ArticleNet())
Weights = dict[str, Tensor]

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"  # real data sets beside the repository
needs_data = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="no folder shared/data with MNIST and USPS here")
EVERY_DOMAIN = [pytest.param(key, marks=() if key in builtin_domains() else needs_data) for key in domain_keys()]


@pytest.fixture(autouse=True)
def _own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("XFER_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory) -> Path:
    """A data folder with links to the real files: whatever is written beside them is written here."""
    root = tmp_path_factory.mktemp("data")
    for path in [*SHARED_DATA.glob("MNIST/raw/*.gz"), *SHARED_DATA.glob("usps*.bz2")]:
        link = root / path.relative_to(SHARED_DATA)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    return root


@pytest.fixture
def real_data(data_folder, monkeypatch) -> Path:
    """The data folder is the one with the real files."""
    monkeypatch.setenv("XFER_DATA", str(data_folder))
    return data_folder


@pytest.fixture(scope="session")
def data() -> ProblemData:
    """The default problem, dealt once with seed 0."""
    return split_problem(Problem(), 0)


@pytest.fixture
def every_step(monkeypatch) -> None:
    """The loop tells and asks its observer after every step instead of ten times a second."""
    monkeypatch.setattr(loop_module, "REPORT_SECONDS", -1.0)


@pytest.fixture
def url(tmp_path) -> str:
    """Where a run store could be; the folder does not exist yet."""
    return f"sqlite:///{tmp_path / 'folder' / 'xfer.db'}"


@pytest.fixture
def store(url) -> Store:
    """An empty run store."""
    return Store(url)


def event(seq: int, step: int = 0, kind: str = "phase", **details: Any) -> dict[str, Any]:
    """An event as a worker writes it."""
    return {"seq": seq, "step": step, "kind": kind, "details": details, "time": 1.5}


@cache
def little(problem: Problem, seed: int) -> ProblemData:
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
    more.setdefault("data", little(problem, seed))
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
