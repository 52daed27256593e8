"""The loss of a discriminator that tells source from target."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from xfer_core.objectives.precision import to_float32


def domain_adversarial_loss(
    source: Tensor, target: Tensor, source_weights: Tensor | None = None, target_weights: Tensor | None = None
) -> Tensor:
    """−½ · mean_s w_s log σ(z_s) − ½ · mean_t w_t log(1 − σ(z_t)), in nats: log 2 is pure guessing at weights of 1.

    Args:
        source: logit for "source" of each source sample, (N,) or (N, 1).
        target: the same of each target sample, (M,) or (M, 1).
        source_weights: (N,), mean 1; None for equal weights.
        target_weights: (M,), likewise.

    Returns:
        scalar.
    """
    halves: list[Tensor] = []
    for logits, weights, truth in ((source, source_weights, 1.0), (target, target_weights, 0.0)):
        z = to_float32(logits.flatten())
        halves.append(F.binary_cross_entropy_with_logits(z, torch.full_like(z, truth), weights))
    return (halves[0] + halves[1]) / 2
