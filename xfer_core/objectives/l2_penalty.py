"""L2 penalties: the squared distance of weights to their starting point, or to zero."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from xfer_core.objectives.precision import to_float32


def l2_sp_penalty(weights: Iterable[Tensor], start: Iterable[Tensor]) -> Tensor:
    """½ Σ ‖w − w⁰‖² over all given tensors: Li et al. 2018, https://arxiv.org/abs/1802.01483.

    Args:
        weights: parameters, any shapes.
        start: their values at the starting point, in the same order and shapes.

    Returns:
        scalar.
    """
    distances = [(to_float32(w) - to_float32(w0)).square().sum() for w, w0 in zip(weights, start, strict=True)]
    return torch.stack(distances).sum() / 2


def l2_penalty(weights: Iterable[Tensor]) -> Tensor:
    """½ Σ ‖w‖² over all given tensors; scalar."""
    return torch.stack([to_float32(w).square().sum() for w in weights]).sum() / 2
