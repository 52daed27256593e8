"""Covariate shift: distances between the inputs of two domains, beside what they are by chance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from torch import Tensor

from xfer_core.measures.a_distance import proxy_a_distance
from xfer_core.measures.checks import require_equal_width, require_features
from xfer_core.measures.mmd import mmd
from xfer_core.measures.permutation import largest_by_chance

MOST_OF_KERNEL = 500  # samples of each domain: the kernel of all pairs is computed once for every division


@dataclass(frozen=True)
class CovariateShift:
    """How far apart the inputs of two domains are.

    Attributes:
        distance: the proxy A-distance, from 0 (they overlap) to 2 (a line separates them).
        by_chance: the largest of the same distance between random halves of both domains together.
        kernel: the squared MK-MMD of at most 500 samples of each.
        kernel_by_chance: the largest of the same between random halves.
    """

    distance: float
    by_chance: float
    kernel: float
    kernel_by_chance: float

    @property
    def is_linear(self) -> bool:
        """Whether a linear classifier tells the domains apart better than any two random halves."""
        return self.distance > self.by_chance

    @property
    def is_clear(self) -> bool:
        """Whether one of the two distances is larger than between any two random halves."""
        return self.is_linear or self.kernel > self.kernel_by_chance


def covariate_shift(source: Tensor, target: Tensor, draws: int = 10, seed: int = 0) -> CovariateShift:
    """The proxy A-distance and the MMD of two domains, and both of ``draws`` random divisions of their union.

    Covariate shift is p(x) that changes while p(y | x) stays: Shimodaira 2000,
    https://doi.org/10.1016/S0378-3758(00)00115-4. A distance of few samples is above 0 by chance; a permutation test
    compares it with the same number for the mixed samples, which come from one distribution: with 10 divisions the
    chance that equal distributions are called different is 1 in 11 for each distance. The MMD sees what no line can
    separate, such as a ring around a disc.

    It measures p(x) alone: other frequencies of the classes move the inputs too, so a label shift is also seen here.

    Args:
        source: features, (N, D), N of at least 2.
        target: features of the same stage, (M, D), M of at least 2.
        draws: how many divisions.
        seed: of the samples, halves and divisions.

    Raises:
        XferError: as :func:`proxy_a_distance`.
    """
    features = require_features(source, "source"), require_features(target, "target")
    require_equal_width(*features)
    few = features[0][:MOST_OF_KERNEL].float(), features[1][:MOST_OF_KERNEL].float()
    linear = partial(proxy_a_distance, seed=seed)
    return CovariateShift(
        linear(*features),
        largest_by_chance(linear, *features, draws, seed),
        mmd(*few),
        largest_by_chance(mmd, *few, draws, seed),
    )
