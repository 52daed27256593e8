"""Verdict of a race: which networks are significantly better or worse than the one trained from scratch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xfer_core.analysis.accuracy import Gain, gain


@dataclass(frozen=True)
class RaceVerdict:
    """Every network of a race against the one from scratch, one run each.

    Significant means more than twice the standard error of the finite test set (:attr:`Gain.is_significant`). It does
    not cover other seeds.

    Attributes:
        gains: network → its gain, the most accurate first.
        tied: whether the two most accurate of them do not differ significantly on this test set.
    """

    gains: Mapping[str, Gain]
    tied: bool

    @property
    def helped(self) -> tuple[str, ...]:
        """The networks that are significantly better than the one from scratch, the most accurate first."""
        return tuple(name for name, found in self.gains.items() if found.is_significant and found.difference > 0)

    @property
    def hurt(self) -> tuple[str, ...]:
        """The networks that are significantly worse than the one from scratch."""
        return tuple(name for name, found in self.gains.items() if found.is_significant and found.difference < 0)


def race_verdict(scratch: float, others: Mapping[str, float], samples: int) -> RaceVerdict:
    """Compare accuracies measured on the same ``samples`` test samples.

    Args:
        scratch: of the network trained from scratch, a fraction.
        others: network → accuracy, a fraction; at least one.
        samples: number of test samples.
    """
    ranked = sorted(others, key=others.__getitem__, reverse=True)
    tied = len(ranked) > 1 and not gain(others[ranked[1]], others[ranked[0]], samples).is_significant
    return RaceVerdict({name: gain(scratch, others[name], samples) for name in ranked}, tied)
