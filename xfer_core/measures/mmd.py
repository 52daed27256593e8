"""Maximum mean discrepancy as a measure: the unbiased estimate of the squared distance between two distributions."""

from __future__ import annotations

import torch
from torch import Tensor

from xfer_core.measures.checks import require_equal_width, require_features
from xfer_core.objectives.mmd import BANDWIDTHS
from xfer_core.objectives.precision import to_float32

MOST_SAMPLES = 2000  # of each set: the kernel of all pairs of these fills a gigabyte while it is computed


def mmd(source: Tensor, target: Tensor, seed: int = 0) -> float:
    """The *squared* MK-MMD between the distributions of two samples, unbiased.

    MMD² = mean_{i≠j} k(s_i, s_j) + mean_{i≠j} k(t_i, t_j) − 2 · mean k(s, t), the U-statistic of Gretton et al. 2012
    (Lemma 6), https://jmlr.org/papers/v13/gretton12a.html, with k the mean of five Gaussian kernels whose bandwidths
    are ¼ to 4 times the mean squared distance of both sets; Long et al. 2015, https://arxiv.org/abs/1502.02791. For
    equal distributions it is 0 on average for any number of samples, and so by chance below 0 about as often as above.

    The loss term of a run, :func:`xfer_core.objectives.mmd.mk_mmd`, is the biased estimate with the same kernels: it
    includes each sample's similarity to itself and is about (1 − mean k) · (1/N + 1/M) higher: 0.15 for two times eight
    samples of one distribution.

    Its cost grows with the square of the number of samples. Of a set of more than 2000, that many are drawn without
    replacement; smaller sets are used whole.

    Args:
        source: features, (N, D), any float type; computed in float32, or in float64 for float64 input.
        target: features of the same stage, (M, D).
        seed: of the samples drawn from a large set.

    Returns:
        squared distance, at most 2, without a unit: unchanged if both sets are scaled by one factor.

    Raises:
        XferError: ``not_a_matrix``, ``few_samples`` (below 2 in a set), ``not_all_finite`` or ``wrong_shape``.
    """
    require_features(source, "source")
    require_features(target, "target")
    require_equal_width(source, target)
    random = torch.Generator().manual_seed(seed)
    s, t = (_subset(to_float32(features.detach().cpu()), random) for features in (source, target))
    both = torch.cat([s, t])
    squared = torch.cdist(both, both, compute_mode="donot_use_mm_for_euclid_dist").square()
    scale = (squared.sum() / (len(both) * (len(both) - 1))).clamp_min(torch.finfo(squared.dtype).tiny)
    kernel = torch.stack([torch.exp(-squared / (m * scale)) for m in BANDWIDTHS]).mean(0)
    n, m = len(s), len(t)
    within = [
        (block.sum() - block.trace()) / (size * (size - 1))
        for block, size in ((kernel[:n, :n], n), (kernel[n:, n:], m))
    ]
    return float(sum(within) - 2 * kernel[:n, n:].mean())


def _subset(features: Tensor, random: torch.Generator) -> Tensor:
    if len(features) <= MOST_SAMPLES:
        return features
    return features[torch.randperm(len(features), generator=random)[:MOST_SAMPLES]]
