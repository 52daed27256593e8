"""Differences over shared seeds, and how sure one can be of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.stats import bootstrap

CONFIDENCE = 0.95
RESAMPLES = 9999
LEAST = 5  # seeds: of fewer differences all may have one sign by chance (with three, in one of four cases)


@dataclass(frozen=True)
class Difference:
    """The mean of paired differences.

    Attributes:
        mean: over the shared seeds.
        low, high: ends of the bootstrap interval; None for fewer than two seeds.
        seeds: how many are shared.
    """

    mean: float
    low: float | None
    high: float | None
    seeds: int

    @property
    def clear(self) -> bool:
        """Whether the interval excludes zero, with enough seeds to say so."""
        return self.seeds >= LEAST and self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def interval(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """Percentile bootstrap interval of the mean (Efron 1979, https://doi.org/10.1214/aos/1176344552); None for fewer
    than two values. The same values give the same interval.

    Args:
        values: one a seed.
        confidence: between 0 and 1.
    """
    return _interval(tuple(values), confidence)


@lru_cache(maxsize=4096)  # a page asks again at every press
def _interval(values: tuple[float, ...], confidence: float) -> tuple[float, float] | None:
    if len(values) < 2:
        return None
    if min(values) == max(values):
        return float(values[0]), float(values[0])
    found = bootstrap(
        (np.asarray(values, dtype=float),),
        np.mean,
        confidence_level=confidence,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(found.low), float(found.high)


def paired_difference(own: Mapping[int, float], other: Mapping[int, float]) -> Difference | None:
    """Own minus other over the seeds that both have; None where they share none.

    The same seed is the same deal of the data, so the pairs differ in the method alone.
    """
    shared = sorted(own.keys() & other.keys())
    if not shared:
        return None
    differences = [own[seed] - other[seed] for seed in shared]
    ends = interval(differences)
    return Difference(float(np.mean(differences)), *(ends or (None, None)), len(shared))
