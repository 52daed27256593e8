"""λ_{d,i} inside one domain: schemes for how much each sample counts. Each has mean 1, so λ_d keeps its meaning."""

from __future__ import annotations

import torch
from torch import Tensor


def class_balanced_weights(labels: Tensor, counts: Tensor) -> Tensor:
    """w_i = N / (K · n_{y_i}): every class of the domain weighs the same in sum, however many samples it has.

    Args:
        labels: int64 (B,), the classes of the samples to weigh.
        counts: int64 (C,), how many samples of each class the *whole* domain has; K is the number of classes above 0.

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
        float32 (B,), mean 1; uniform where every sample is certain.
    """
    weights = (1 - torch.exp(-losses.detach().float())).clamp_min(0) ** gamma
    total = weights.sum()
    return torch.where(total > 0, weights * (len(weights) / total.clamp_min(1e-30)), torch.ones_like(weights))
