"""Selection by minimum entropy of the target predictions."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from xfer_core.selections.base import LabelFree


class Entropy(LabelFree):
    """Take the step whose predictions for target samples are most confident.

    The smallest mean entropy −Σ_k p_k log p_k. No label is needed; but a network that predicts one class for everything
    is the most confident of all. Morerio et al. 2018, https://arxiv.org/abs/1711.10288.
    """

    title: ClassVar = "Lowest entropy"
    kind: Literal["entropy"] = "entropy"

    def score_logits(self, logits: Tensor) -> float:
        return -float(mean_entropy(logits))


def mean_entropy(logits: Tensor) -> Tensor:
    """(1/N) Σ_n H(softmax(z_n)), in nats, a scalar; logits (N, K)."""
    log_p = torch.log_softmax(logits, 1)
    return -(log_p.exp() * log_p).sum(1).mean()
