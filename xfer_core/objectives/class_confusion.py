"""Minimum class confusion: how much a classifier confuses pairs of classes on unlabelled samples."""

from __future__ import annotations

import torch
from torch import Tensor

from xfer_core.objectives.multilinear import entropy_weights
from xfer_core.objectives.precision import autocast_disabled, to_float32


def class_confusion(logits: Tensor, temperature: float = 2.5) -> Tensor:
    """(1/K) Σ_{j ≠ j′} C̃_{jj′}: the share of confusion between different classes.

    C_{jj′} = Σ_b W_b p_bj p_bj′ with p = softmax(logits / T) and W_b ∝ 1 + e^{−H(p_b)} (mean 1, no gradient); C̃ is C
    with every row divided by its sum. Jin et al. 2020, https://arxiv.org/abs/1912.03699.

    Args:
        logits: (B, K).
        temperature: T above 0; 2.5 is the paper's.

    Returns:
        scalar, 0 if every prediction is certain.
    """
    p = torch.softmax(to_float32(logits) / temperature, 1)
    with autocast_disabled(p):
        confusion = (p * entropy_weights(p)[:, None]).mT @ p
    # A class without probability in any sample has a row of zeros, and adds no confusion.
    rows = confusion / confusion.sum(1, keepdim=True).clamp_min(torch.finfo(p.dtype).tiny)
    return (rows.sum() - rows.trace()) / p.shape[1]
