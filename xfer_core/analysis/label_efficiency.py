"""Label efficiency: how many labels one method needs for the accuracy of another with few."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from xfer_core.analysis.intervals import CONFIDENCE, MIN_SEEDS, t_interval

PLACES = 400  # label counts between two measured budgets, tested for the interval

Curve = Mapping[int, Mapping[int, float]]
"""Labels per class → seed → accuracy."""


@dataclass(frozen=True)
class LabelEfficiency:
    """One method with few labels against another with more. All means are over the shared seeds.

    Attributes:
        few: labels per class of the better method.
        accuracy: its mean accuracy there, a fraction.
        many: labels per class with which the other is as accurate on average, by interpolation; None if it never is
            at the measured budgets.
        low, high: the range of labels of the other in which the two do not differ significantly. ``high`` is None if
            the range extends beyond the measured budgets; both are None if the better method is better at all of them.
        most: the largest measured budget of the other.
        seeds: how many are shared.
    """

    few: int
    accuracy: float
    many: float | None
    low: float | None
    high: float | None
    most: int
    seeds: int


def label_efficiency(better: Curve, other: Curve, few: int, confidence: float = CONFIDENCE) -> LabelEfficiency | None:
    """The number of labels with which the other method is as good as the better one with ``few``.

    Between two measured budgets the accuracy of each seed is interpolated linearly in log(labels). If a mean curve
    falls again, the first crossing counts. The interval extends from the smallest to the largest number of labels at
    which a paired t-test does not reject equality (Fieller 1954, https://doi.org/10.1111/j.2517-6161.1954.tb00159.x):
    if the interpolation is right, it covers the true number at least as often as its confidence.

    Args:
        better, other: accuracies; a budget of 0 of the other is ignored.
        few: a budget of ``better``.
        confidence: of the interval, between 0 and 1.

    Returns:
        None if the other method is as good with no more labels, was measured with fewer than two budgets, or if they
        share fewer than five seeds.
    """
    budgets = sorted(budget for budget in other if budget > 0)
    if few not in better or len(budgets) < 2:
        return None
    seeds = sorted(set(better[few]).intersection(*(other[budget] for budget in budgets)))
    own = np.array([better[few][seed] for seed in seeds], dtype=float)  # (n,)
    measured = np.array([[other[budget][seed] for seed in seeds] for budget in budgets], dtype=float)  # (B, n)
    if len(seeds) < MIN_SEEDS or not (np.isfinite(own).all() and np.isfinite(measured).all()):
        return None
    wanted, means = own.mean(), measured.mean(1)
    many = _crossing(budgets, means.tolist(), wanted)
    if many is not None and many <= few:
        return None
    shares = np.linspace(0, 1, PLACES)[:, None]
    labels, alike = [], []
    for (fewer, at_fewer), (more, at_more) in pairwise(zip(budgets, measured, strict=True)):
        low, high, _ = t_interval(own - (1 - shares) * at_fewer - shares * at_more, confidence)  # (PLACES,)
        labels.append(np.geomspace(fewer, more, PLACES))
        alike.append((low <= 0) & (high >= 0))
    held = np.concatenate(labels)[np.concatenate(alike)].tolist() + ([] if many is None else [many])
    if not held:
        return LabelEfficiency(few, float(wanted), many, None, None, budgets[-1], len(seeds))
    beyond = bool(alike[-1][-1])
    return LabelEfficiency(few, float(wanted), many, min(held), None if beyond else max(held), budgets[-1], len(seeds))


def _crossing(budgets: list[int], means: list[float], wanted: float) -> float | None:
    """The number of labels at which the mean curve first reaches ``wanted``."""
    if means[0] >= wanted:
        return float(budgets[0])
    for (low, at_low), (high, at_high) in pairwise(zip(budgets, means, strict=True)):
        if at_low < wanted <= at_high:
            share = (wanted - at_low) / (at_high - at_low)
            return math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
    return None
