"""Accuracies with their uncertainty: differences, mean and deviation over seeds, intervals."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import ndtri

from xfer_core.analysis.intervals import CONFIDENCE, interval
from xfer_core.problems.problem import Problem

SPELLED = {"°": "degrees"}  # units that are signs, as a sentence or an axis names them


def with_unit(number: str, unit: str) -> str:
    """Such as ``4.2°``, ``4.2 years`` or, where there is none, ``4.2``."""
    return f"{number}{'' if unit in SPELLED or not unit else ' '}{unit}"


def unit_word(unit: str) -> str:
    """The unit as a word, such as ``degrees``; empty without one."""
    return SPELLED.get(unit, unit)


def unit_words(problem: Problem) -> str:
    """The units of all regressions as words, such as ``degrees, years``; empty without one."""
    words = (unit_word(problem.unit(task)) for task in problem.regressions())
    return ", ".join(dict.fromkeys(filter(None, words)))


@dataclass(frozen=True)
class Gain:
    """The difference of two accuracies on the same test samples.

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
    def is_significant(self) -> bool:
        """Whether the difference is more than twice its standard error from the finite test set."""
        return abs(self.difference) > 2 * self.noise


def gain(before: float, after: float, samples: int) -> Gain:
    """Compare two accuracies measured on ``samples`` test samples each.

    The noise is √((p(1−p) + q(1−q)) / n), the standard error of a difference of two independent proportions. The two
    share their test samples and mostly agree, so the true noise is smaller: the estimate is conservative.
    """
    variance = before * (1 - before) + after * (1 - after)
    return Gain(before, after, math.sqrt(variance / samples))


@dataclass(frozen=True)
class MeanStd:
    """Mean and standard deviation of a value over seeds.

    Attributes:
        mean: over the seeds.
        deviation: sample standard deviation (n − 1); None for a single seed.
        seeds: how many.
        interval: the 95 % t-interval of the mean; for five seeds it extends 1.24 deviations to either side. None for a
            single seed, and if a value is not finite.
    """

    mean: float
    deviation: float | None
    seeds: int
    interval: tuple[float, float] | None = None


def mean_std(values: Sequence[float]) -> MeanStd:
    """Mean, sample standard deviation (n − 1) and interval of the mean; if a value is not finite, the deviation is NaN
    and the interval None."""
    if not all(map(math.isfinite, values)):
        return MeanStd(sum(values) / len(values), math.nan if len(values) > 1 else None, len(values))
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return MeanStd(statistics.mean(values), deviation, len(values), interval(values))


def format_mean_std(over: MeanStd, scale: float = 100, sign: bool = False, digits: int = 1) -> str:
    """Mean and standard deviation times ``scale``; one seed has no deviation."""
    mean = f"{scale * over.mean:{'+' if sign else ''}.{digits}f}"
    return mean + ("" if over.deviation is None else f" ± {scale * over.deviation:.{digits}f}")


def accuracy_interval(accuracy: float, samples: int) -> tuple[float, float]:
    """95 % interval of the accuracy on the distribution of the test samples, two fractions: Wilson 1927,
    https://doi.org/10.1080/01621459.1927.10502953. Unlike p ∓ 2√(p(1 − p)/n) it does not shrink to zero at 0 and 1.

    It covers only the finite test set: another seed, with other weights and another split, varies more.
    """
    z = float(ndtri((1 + CONFIDENCE) / 2))
    centre = (accuracy + z**2 / (2 * samples)) / (1 + z**2 / samples)
    half = z / (1 + z**2 / samples) * math.sqrt(accuracy * (1 - accuracy) / samples + (z / (2 * samples)) ** 2)
    return max(0.0, centre - half), min(1.0, centre + half)
