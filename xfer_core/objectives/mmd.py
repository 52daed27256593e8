"""Maximum mean discrepancy with several Gaussian kernels: a distance between two sets of features."""

from __future__ import annotations

import torch
from torch import Tensor

from xfer_core.objectives.precision import to_float32

BANDWIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)  # times the mean squared distance


def mk_mmd(source: Tensor, target: Tensor) -> Tensor:
    """MK-MMD² = mean k(s, s′) + mean k(t, t′) − 2 · mean k(s, t), with k the mean of five Gaussian kernels.

    k(x, y) = ⅕ Σ_m exp(−‖x − y‖² / (m · σ²)), m ∈ {¼, ½, 1, 2, 4}; σ² is the mean squared distance over all pairs of
    different samples of both sets, and no gradient flows through it. Long et al. 2015,
    https://arxiv.org/abs/1502.02791; this is the biased estimate, so that the distance of a set to itself is zero.

    Args:
        source: (N, D).
        target: (M, D).

    Returns:
        scalar, not negative.
    """
    both = to_float32(torch.cat([source, target]))
    squared = torch.cdist(both, both, compute_mode="donot_use_mm_for_euclid_dist").square()
    count = len(both)
    scale = (squared.detach().sum() / (count * (count - 1))).clamp_min(torch.finfo(squared.dtype).tiny)
    kernel = torch.stack([torch.exp(-squared / (m * scale)) for m in BANDWIDTHS]).mean(0)
    n = len(source)
    return (kernel[:n, :n].mean() + kernel[n:, n:].mean() - 2 * kernel[:n, n:].mean()).clamp_min(0)
