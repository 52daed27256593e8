"""Paired differences over shared seeds: intervals, tests, and adjustment for multiple comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import bdtr, stdtr, stdtrit

CONFIDENCE = 0.95
MIN_SEEDS = 5  # with fewer seeds all differences may have one sign by chance (with three, in one of four cases)


@dataclass(frozen=True)
class Difference:
    """The mean of paired differences.

    Attributes:
        mean: over the shared seeds; NaN if one of the values is.
        low, high: ends of its unadjusted 95 % t-interval; None for fewer than two seeds, and if a value is not finite.
        seeds: how many are shared.
        p: of the two-sided paired t-test against 0, adjusted for all ``comparisons``; None without an interval.
        comparisons: number of differences shown together; ``p`` and ``is_significant`` are adjusted for all of them.
        above, below: number of shared seeds with a difference above and below 0.
    """

    mean: float
    low: float | None
    high: float | None
    seeds: int
    p: float | None = None
    comparisons: int = 1
    above: int = 0
    below: int = 0

    @property
    def sign_p(self) -> float | None:
        """p of the two-sided sign test, unadjusted: the probability of signs at least as uneven by chance, for any
        distribution of the differences. Seeds without a difference do not count; None if no seed counts. For n seeds
        it is at least 2 / 2ⁿ: for five 0.0625. Arbuthnot 1710, https://doi.org/10.1098/rstl.1710.0011.
        """
        count = self.above + self.below
        return min(1.0, 2 * float(bdtr(min(self.above, self.below), count, 0.5))) if count else None

    @property
    def is_significant(self) -> bool:
        """Whether the adjusted p is below 5 %, with at least ``MIN_SEEDS`` seeds. For a single comparison this is the
        same as an interval without zero."""
        return self.seeds >= MIN_SEEDS and self.p is not None and self.p < 1 - CONFIDENCE


def t_interval(values: np.ndarray, confidence: float = CONFIDENCE) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Student's interval of the mean, x̄ ∓ t_{n−1} · s / √n, and the two-sided p of the hypothesis that the mean is 0.

    Exact for normal values at any n (Student 1908, https://doi.org/10.1093/biomet/6.1.1). Differences between two runs
    of one seed are nearly that: ``python -m benchmarks.coverage`` prints how often the interval covers the true mean
    of normal, skewed and heavy-tailed values at 5, 10 and 20 seeds, and how normal the measured differences are. It
    holds for a number of seeds that was chosen beforehand, and needs more than two possible values: if only +d
    and −d can occur, all of five have one sign in one of 16 cases.

    Args:
        values: (…, n) with n of at least 2; intervals are over the last axis.
        confidence: between 0 and 1.

    Returns:
        low, high and p, each of shape (…). NaN if a value is not finite.
    """
    count = values.shape[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, error = values.mean(-1), values.std(-1, ddof=1) / np.sqrt(count)
        half = stdtrit(count - 1, (1 + confidence) / 2) * error
        p = np.where(error == 0, mean == 0, 2 * stdtr(count - 1, -np.abs(mean / error)))
    return mean - half, mean + half, p


def interval(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """:func:`t_interval` of one value per seed; None for fewer than two values, and if one is not finite."""
    found = np.asarray(values, dtype=float)
    if len(found) < 2 or not np.isfinite(found).all():
        return None
    low, high, _ = t_interval(found, confidence)
    return float(low), float(high)


def paired_difference(own: Mapping[int, float], other: Mapping[int, float]) -> Difference | None:
    """Own minus other over the seeds that both have; None if they share none.

    The same seed gives the same split of the data, so the pairs differ only in the method.
    """
    shared = sorted(own.keys() & other.keys())
    if not shared:
        return None
    values = np.array([[own[seed], other[seed]] for seed in shared], dtype=float)
    if not np.isfinite(values).all():
        return Difference(float("nan"), None, None, len(shared))
    differences = values[:, 0] - values[:, 1]
    mean, signs = (
        float(differences.mean()),
        {"above": int((differences > 0).sum()), "below": int((differences < 0).sum())},
    )
    if len(shared) < 2:
        return Difference(mean, None, None, len(shared), **signs)
    low, high, p = (float(value) for value in t_interval(differences))
    return Difference(mean, low, high, len(shared), p, **signs)


def holm(p: np.ndarray) -> np.ndarray:
    """p-values adjusted so that the chance of even one false discovery among all of them stays below the level.

    The smallest of m is multiplied by m, the next by m − 1 and so on, each no smaller than the one before and none
    above 1; it holds however the comparisons depend on each other. Holm 1979, https://www.jstor.org/stable/4615733.

    Args:
        p: (…, m); those of the last axis are adjusted together.

    Returns:
        (…, m), in the same order.
    """
    order = np.argsort(p, axis=-1)
    factors = np.arange(p.shape[-1], 0, -1)
    scaled = np.maximum.accumulate(factors * np.take_along_axis(p, order, -1), axis=-1)
    adjusted = np.empty(p.shape)
    np.put_along_axis(adjusted, order, np.minimum(scaled, 1), -1)
    return adjusted


def adjust_for_multiple(differences: Sequence[Difference | None]) -> list[Difference | None]:
    """The same differences with p adjusted for all that are shown together (:func:`holm`).

    Only differences with at least ``MIN_SEEDS`` seeds count, those without an interval as p = 1. The others keep their
    p, because they get no verdict.
    """
    counted = {i: one for i, one in enumerate(differences) if one is not None and one.seeds >= MIN_SEEDS}
    adjusted = holm(np.array([1.0 if one.p is None else one.p for one in counted.values()]))
    found = list(differences)
    for (i, one), p in zip(counted.items(), adjusted.tolist(), strict=True):
        found[i] = replace(one, p=None if one.p is None else p, comparisons=len(counted))
    return found
