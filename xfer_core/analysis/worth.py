"""What labels are worth: how many of them one way needs to do as well as another with few."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Worth:
    """One way with few labels against another with more.

    Attributes:
        few: labels a class of the better way.
        accuracy: its mean accuracy there, a fraction.
        many: labels a class with which the other does as well, by interpolation; None if it never does within what was
            measured.
        most: the most labels with which the other was measured.
    """

    few: int
    accuracy: float
    many: float | None
    most: int


def worth(better: Mapping[int, float], other: Mapping[int, float], few: int) -> Worth | None:
    """With how many labels the other way is as good as the better one is with ``few``.

    Between two measured budgets the accuracy is taken as straight in log(labels). Of a curve that goes down again the
    first crossing counts.

    Args:
        better: labels a class → mean accuracy.
        other: the same; budgets of 0 are left out.
        few: a budget of ``better``.

    Returns:
        None if the other way is as good with no more labels, or was measured with fewer than two budgets.
    """
    budgets = sorted(budget for budget in other if budget > 0)
    if few not in better or len(budgets) < 2:
        return None
    wanted = better[few]
    if other[budgets[0]] >= wanted:
        many: float | None = float(budgets[0])
    else:
        many = next(
            (
                _cross(low, high, other[low], other[high], wanted)
                for low, high in pairwise(budgets)
                if other[low] < wanted <= other[high]
            ),
            None,
        )
    if many is not None and many <= few:
        return None
    return Worth(few, wanted, many, budgets[-1])


def _cross(low: int, high: int, at_low: float, at_high: float, wanted: float) -> float:
    share = (wanted - at_low) / (at_high - at_low)
    return math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
