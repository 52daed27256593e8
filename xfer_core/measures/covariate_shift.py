"""Covariate shift: the proxy A-distance, beside what it is by chance."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from xfer_core.measures.a_distance import proxy_a_distance
from xfer_core.measures.checks import require_equal_width, require_features


@dataclass(frozen=True)
class CovariateShift:
    """How far apart the inputs of two domains are.

    Attributes:
        distance: the proxy A-distance, from 0 (they overlap) to 2 (a line separates them).
        by_chance: the largest of the same distance between random halves of both domains together.
    """

    distance: float
    by_chance: float

    @property
    def is_clear(self) -> bool:
        """Whether no random half of the mixture was as far from the other."""
        return self.distance > self.by_chance


def covariate_shift(source: Tensor, target: Tensor, draws: int = 10, seed: int = 0) -> CovariateShift:
    """The proxy A-distance of two domains, and of ``draws`` random divisions of their union.

    Covariate shift is p(x) that changes while p(y | x) stays: Shimodaira 2000,
    https://doi.org/10.1016/S0378-3758(00)00115-4. A distance of few samples is above 0 by chance; a permutation test
    compares it with the same number for the mixed samples, which come from one distribution: with 10 divisions the
    chance that equal distributions are called different is 1 in 11.

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
    both, random, found = torch.cat(features), torch.Generator().manual_seed(seed), []
    for _ in range(draws):
        mixed = both[torch.randperm(len(both), generator=random)]
        found.append(proxy_a_distance(mixed[: len(source)], mixed[len(source) :], seed))
    return CovariateShift(proxy_a_distance(*features, seed=seed), max(found))
