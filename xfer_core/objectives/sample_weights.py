"""Sample weights inside one domain (λ_{d,i}). Every scheme has mean 1, so λ_d keeps its meaning."""

from __future__ import annotations

import torch
from torch import Tensor


def class_balanced_weights(labels: Tensor, counts: Tensor) -> Tensor:
    """w_i = N / (K · n_{y_i}): the sum of weights is the same for every class of the domain.

    Args:
        labels: int64 (B,), the classes of the samples to weigh.
        counts: int64 (C,), samples of each class in the *whole* domain; K is the number of classes with samples.

    Returns:
        float32 (B,), with mean 1 over the whole domain.
    """
    present = int((counts > 0).sum())
    return counts.sum() / (present * counts[labels].float())


def hard_sample_weights(losses: Tensor, gamma: float) -> Tensor:
    """w_i ∝ (1 − p_i)^γ with p_i = e^{−loss_i}: the factor of the focal loss (Lin et al. 2017), as a weight.

    No gradient flows through it, and it is scaled to mean 1.

    Args:
        losses: cross-entropies in nats, (B,).
        gamma: 0 is uniform; the paper's best was 2.

    Returns:
        float32 (B,), mean 1; uniform if every sample has loss 0.
    """
    weights = (1 - torch.exp(-losses.detach().float())).clamp_min(0) ** gamma
    total = weights.sum()
    return torch.where(total > 0, weights * (len(weights) / total.clamp_min(1e-30)), torch.ones_like(weights))
