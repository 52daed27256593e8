"""The discriminator of adversarial adaptation: a small network that tells source from target."""

from __future__ import annotations

from torch import nn


def discriminator(width: int, hidden: int) -> nn.Sequential:
    """Two hidden layers with ReLU, one logit for "source": (B, width) → (B, 1)."""
    return nn.Sequential(
        nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1)
    )
