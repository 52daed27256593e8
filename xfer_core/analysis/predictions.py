"""Predictions of a network for the test samples of one domain: the input of every view on the page Inspect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xfer_core.domains import is_available
from xfer_core.errors import XferError
from xfer_core.networks.base import Network
from xfer_core.problems.problem import Problem, Samples, split_problem
from xfer_core.training.device import CPU
from xfer_core.training.evaluation import CHUNK, predict


def held_out_samples(problem: Problem, seed: int, domain: str) -> Samples:
    """The test samples of a domain in the split of a run with this seed; not used in training.

    Raises:
        XferError: ``unknown_choice`` for a domain that is not the problem's; ``not_here`` if it would have to be
            downloaded, because a chart must not start a download.
    """
    roles = problem.roles()
    if domain not in roles:
        raise XferError("unknown_choice", "domain", domain, allowed=tuple(roles))
    for key, role in roles.items():
        if not is_available(key):
            raise XferError("not_here", f"problem.{role}", key)
    return split_problem(problem, seed).held_out[domain, "test"]


def predict_logits(network: Network, inputs: Tensor, precision: str = "float32") -> dict[str, Tensor]:
    """Outputs of every head: float32 (N, K), or (N, 1) for a regression.

    Args:
        network: on the CPU.
        inputs: prepared samples (N, *shape).
        precision: that of the run, so that its metrics are reproduced.
    """
    return predict(network, network.spec.to_float(inputs, CPU), CPU, precision)


def extract_features(network: Network, inputs: Tensor) -> Tensor:
    """Input of the heads: float32 (N, width). The network is in eval mode, the inputs are prepared samples."""
    with torch.no_grad():
        return torch.cat([network.features(chunk) for chunk in network.spec.to_float(inputs, CPU).split(CHUNK)])


@dataclass(frozen=True)
class Predictions:
    """The predictions for one classification task.

    Attributes:
        labels: true classes, int64 (N,).
        probabilities: of each class, float64 (N, K), each row summing to 1.
    """

    labels: np.ndarray
    probabilities: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """The predicted classes, int64 (N,)."""
        return self.probabilities.argmax(1)

    @property
    def confidence(self) -> np.ndarray:
        """The probability of the predicted class, float64 (N,) from 1/K to 1."""
        return self.probabilities.max(1)

    @property
    def correct(self) -> np.ndarray:
        """Which predictions are correct, bool (N,)."""
        return self.predicted == self.labels


def from_logits(labels: Tensor, outputs: Tensor, temperature: float = 1.0) -> Predictions:
    """The predictions of these logits (N, K), divided by ``temperature``, for samples with these labels (N,)."""
    return Predictions(labels.numpy(), (outputs.double() / temperature).softmax(1).numpy())
