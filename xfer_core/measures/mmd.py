"""Maximum mean discrepancy as a measure: the squared distance that the objective of the same name makes small."""

from __future__ import annotations

import torch
from torch import Tensor

from xfer_core.measures.checks import checked_features, require_equal_width
from xfer_core.objectives.mmd import mk_mmd
from xfer_core.objectives.precision import widened

MOST_SAMPLES = 2000  # of each set: the kernel of all pairs of these fills a gigabyte while it is computed


def mmd(source: Tensor, target: Tensor, seed: int = 0) -> float:
    """The *squared* MK-MMD of two sets, exactly the number of :func:`xfer_core.objectives.mmd.mk_mmd`.

    MMD² = mean k(s, s′) + mean k(t, t′) − 2 · mean k(s, t), with k the mean of five Gaussian kernels whose bandwidths
    follow the data. It is zero only if both sets are distributed alike, whatever their moments. Gretton et al. 2012,
    https://jmlr.org/papers/v13/gretton12a.html; Long et al. 2015, https://arxiv.org/abs/1502.02791. It is not square
    rooted, so that it can be laid beside the loss term of a run. The estimate is biased: two samples of one
    distribution are about (1 − mean k) · (1/N + 1/M) apart.

    Its cost grows with the square of the samples. Of a set with more than 2000, as many are drawn without replacement
    and the rest is left out; smaller sets are used whole.

    Args:
        source: features, (N, D), any float type; computed in float32, or in float64 if they are that.
        target: features of the same stage, (M, D).
        seed: which samples are drawn from a large set.

    Returns:
        squared distance from 0 to 2, without a unit: unchanged if both sets are scaled by one factor.

    Raises:
        XferError: ``not_a_matrix``, ``few_samples`` (below 2 in a set), ``not_all_finite`` or ``wrong_shape``.
    """
    checked_features(source, "source")
    checked_features(target, "target")
    require_equal_width(source, target)
    random = torch.Generator().manual_seed(seed)
    kept = [_drawn(widened(features.detach().cpu()), random) for features in (source, target)]
    return float(mk_mmd(*kept))


def _drawn(features: Tensor, random: torch.Generator) -> Tensor:
    if len(features) <= MOST_SAMPLES:
        return features
    return features[torch.randperm(len(features), generator=random)[:MOST_SAMPLES]]
