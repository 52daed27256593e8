"""The penalty of invariant risk minimisation."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from xfer_core.objectives.precision import to_float32


def irm_penalty(outputs: Tensor, labels: Tensor) -> Tensor:
    """‖∂/∂w mean_b ℓ(w · z_b, y_b)‖² at w = 1, with ℓ the cross-entropy, or the squared error for a regression.

    The derivative in closed form: Σ_k (softmax(z)_k − [k = y]) · z_k, or 2 (z − y) · z for a regression.
    Arjovsky et al. 2019, https://arxiv.org/abs/1907.02893, section 3.1.

    Args:
        outputs: logits (B, K), or (B, 1) for a regression.
        labels: int64 (B,), or float (B,).

    Returns:
        scalar.
    """
    z = to_float32(outputs)
    if labels.is_floating_point():
        slopes = 2 * (z[:, 0] - labels) * z[:, 0]
    else:
        slopes = ((torch.softmax(z, 1) - F.one_hot(labels, z.shape[1])) * z).sum(1)
    return slopes.mean() ** 2
