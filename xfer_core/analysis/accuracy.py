"""What accuracies say, and how far they can be trusted."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


def metric_text(name: str, value: float) -> str:
    """What the scalar of this name measured, for a reader: an accuracy as ``73.1 %``, a mean error as ``4.2°``."""
    return f"{value:.1f}°" if name.startswith("error/") else f"{100 * value:.1f} %"


@dataclass(frozen=True)
class Gain:
    """One accuracy against another on the same test samples.

    Attributes:
        before, after: fractions.
        noise: standard error of the difference, a fraction.
    """

    before: float
    after: float
    noise: float

    @property
    def difference(self) -> float:
        """After minus before, a fraction."""
        return self.after - self.before

    @property
    def clear(self) -> bool:
        """Whether the difference is more than twice what the finite test set alone could make."""
        return abs(self.difference) > 2 * self.noise


def gain(before: float, after: float, samples: int) -> Gain:
    """Compare two accuracies measured on ``samples`` test samples each.

    The noise is √((p(1−p) + q(1−q)) / n), the standard error of a difference of two independent proportions. The two
    share their test samples and mostly agree, so the true noise is smaller: this errs on the side of caution.
    """
    variance = before * (1 - before) + after * (1 - after)
    return Gain(before, after, math.sqrt(variance / samples))


@dataclass(frozen=True)
class Spread:
    """Mean and spread of one figure over seeds. ``deviation`` is None for a single seed."""

    mean: float
    deviation: float | None
    seeds: int


def spread(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation (n − 1)."""
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return Spread(statistics.mean(values), deviation, len(values))
