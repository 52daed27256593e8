"""Classifier discrepancy: how much two classifiers disagree."""

from __future__ import annotations

import torch
from torch import Tensor

from xfer_core.objectives.precision import to_float32


def classifier_discrepancy(one: Tensor, other: Tensor) -> Tensor:
    """Mean over classes of |softmax(one) − softmax(other)|, for each sample.

    Saito et al. 2018, https://arxiv.org/abs/1712.02560, equation 2.

    Args:
        one, other: logits (B, K) of two classifiers for the same samples.

    Returns:
        (B,), between 0 and 2/K.
    """
    first, second = torch.softmax(to_float32(one), 1), torch.softmax(to_float32(other), 1)
    return (first - second).abs().mean(1)
