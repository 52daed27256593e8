"""Temperature scaling: one number that makes the confidence of a trained network match its accuracy."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

LEAST_LABELS = 20
"""With fewer labels the temperature says more about the sample than about the network."""
COLDEST, HOTTEST = 0.05, 20.0
HALVINGS = 60


@dataclass(frozen=True)
class Temperature:
    """A temperature and what it was fitted on.

    Attributes:
        value: logits are divided by it before the softmax: above 1 for a network that is too sure.
        domain: whose validation labels it was fitted on.
        labels: their number.
    """

    value: float
    domain: str
    labels: int


def fit_temperature(logits: Tensor, labels: Tensor) -> float | None:
    """The T that minimises the mean cross-entropy of softmax(z / T), between 0.05 and 20.

    Guo et al. 2017, https://arxiv.org/abs/1706.04599. The predicted classes stay as they are. In β = 1/T the loss is
    convex, and its derivative is the mean of Σ_k softmax(βz)_k z_k − z_y, whose zero is found by bisection.

    Args:
        logits: float32 (N, K).
        labels: int64 (N,).

    Returns:
        None for fewer than 20 labels, and for outputs that are not finite.
    """
    if len(labels) < LEAST_LABELS or not bool(logits.isfinite().all()):
        return None
    logits, labels = logits.cpu().double(), labels.cpu()
    true = logits.gather(1, labels[:, None])[:, 0].mean()
    low, high = 1 / HOTTEST, 1 / COLDEST
    for _ in range(HALVINGS):
        beta = (low + high) / 2
        slope = (torch.softmax(beta * logits, 1) * logits).sum(1).mean() - true
        low, high = (beta, high) if slope < 0 else (low, beta)
    return 2 / (low + high)
