"""What a network says of the test samples of one domain: where every look inside begins."""

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
from xfer_core.training.evaluation import CHUNK, predict, to_input


def held_out_samples(problem: Problem, seed: int, domain: str) -> Samples:
    """The test samples of a domain as a run with this seed was dealt them: no training saw them.

    Raises:
        XferError: ``unknown_choice`` for a domain that is not the problem's; ``not_here`` rather than that looking at a
            picture downloads data unasked.
    """
    roles = problem.roles()
    if domain not in roles:
        raise XferError("unknown_choice", "domain", domain, allowed=tuple(roles))
    for key, role in roles.items():
        if not is_available(key):
            raise XferError("not_here", f"problem.{role}", key)
    return split_problem(problem, seed).held_out[domain, "test"]


def predict_logits(network: Network, images: Tensor, precision: str = "float32") -> dict[str, Tensor]:
    """What every head says: float32 (N, K), or (N, 1) for a regression.

    Args:
        network: on the CPU.
        images: uint8 (N, C, H, W).
        precision: as the run was measured, so that its figures come out again.
    """
    return predict(network, to_input(images, CPU), CPU, precision)


def extract_features(network: Network, images: Tensor) -> Tensor:
    """What the heads see: float32 (N, width). The network is in eval mode, the images are uint8 (N, C, H, W)."""
    with torch.no_grad():
        return torch.cat([network.features(chunk) for chunk in to_input(images, CPU).split(CHUNK)])


@dataclass(frozen=True)
class Predictions:
    """The answers to one task with classes.

    Attributes:
        labels: what is right, int64 (N,).
        chances: what the network gives each class, float64 (N, K), each row summing to 1.
    """

    labels: np.ndarray
    probabilities: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """The answers, int64 (N,)."""
        return self.probabilities.argmax(1)

    @property
    def confidence(self) -> np.ndarray:
        """What the network gives its own answer, float64 (N,) from 1/K to 1."""
        return self.probabilities.max(1)

    @property
    def correct(self) -> np.ndarray:
        """Which answers are right, bool (N,)."""
        return self.predicted == self.labels


def from_logits(labels: Tensor, outputs: Tensor) -> Predictions:
    """The answers that these outputs (N, K) are to questions with these labels (N,)."""
    return Predictions(labels.numpy(), outputs.double().softmax(1).numpy())
