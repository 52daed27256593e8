"""Predictions of networks for a user's own, unlabelled sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from xfer_core.networks import Network
from xfer_core.problems.problem import Problem
from xfer_core.training.device import CPU
from xfer_core.training.evaluation import predict


@dataclass(frozen=True)
class Prediction:
    """One network's prediction for one sample.

    Attributes:
        probabilities: class → softmax probability, in the order of the classes.
    """

    probabilities: dict[str, float]

    @property
    def label(self) -> str:
        """The predicted class."""
        return max(self.probabilities, key=self.probabilities.__getitem__)

    @property
    def confidence(self) -> float:
        """The probability of the predicted class."""
        return self.probabilities[self.label]


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread: so few samples gain nothing from more, and while a training uses every core, waiting for a
    second thread makes a prediction several times slower."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def classification_tasks(problem: Problem) -> tuple[str, ...]:
    """The classification tasks of a problem. Reads no sample."""
    regressions = problem.regressions()
    return tuple(task for task in problem.tasks if task not in regressions)


def predict_classes(
    network: Network,
    problem: Problem,
    task: str,
    inputs: Mapping[str, Tensor],
    temperatures: Mapping[str, float] | None = None,
) -> dict[str, Prediction]:
    """A network's prediction for each of these samples, in one pass on the CPU.

    Args:
        network: on the CPU.
        problem: that it was trained on.
        task: one of its classification tasks.
        inputs: name → prepared sample (1, *shape).
        temperatures: name → what its logits are divided by; 1 where there is none.
    """
    classes, spec = problem.classes()[task], network.spec
    logits = predict(network, spec.to_float(torch.cat(list(inputs.values())), CPU), CPU, "float32")[task]
    by = torch.tensor([[(temperatures or {}).get(name, 1.0)] for name in inputs], dtype=torch.float64)  # (N, 1)
    return {
        name: Prediction(dict(zip(classes, row, strict=True)))
        for name, row in zip(inputs, (logits.double() / by).softmax(1).tolist(), strict=True)
    }
