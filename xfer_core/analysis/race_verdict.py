"""What one race showed: which networks did clearly more, or clearly less, than the one that learned from scratch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xfer_core.analysis.accuracy import Gain, gain


@dataclass(frozen=True)
class RaceVerdict:
    """Every network of a race against the one from scratch, one run each.

    "Clearly" means more than twice what the finite test set alone could make (:attr:`Gain.clear`). Nothing is said of
    other seeds.

    Attributes:
        gains: network → its gain, the most accurate first.
        tied: whether the two most accurate of them cannot be told apart by this test set.
    """

    gains: Mapping[str, Gain]
    tied: bool

    @property
    def helped(self) -> tuple[str, ...]:
        """The networks that are clearly above the one from scratch, the most accurate first."""
        return tuple(name for name, found in self.gains.items() if found.is_significant and found.difference > 0)

    @property
    def hurt(self) -> tuple[str, ...]:
        """The networks that are clearly below the one from scratch."""
        return tuple(name for name, found in self.gains.items() if found.is_significant and found.difference < 0)


def race_verdict(scratch: float, others: Mapping[str, float], samples: int) -> RaceVerdict:
    """Compare accuracies measured on the same ``samples`` test samples.

    Args:
        scratch: of the network that learned from scratch, a fraction.
        others: network → accuracy, a fraction; at least one.
        samples: how many test samples there were.
    """
    ranked = sorted(others, key=others.__getitem__, reverse=True)
    tied = len(ranked) > 1 and not gain(others[ranked[1]], others[ranked[0]], samples).is_significant
    return RaceVerdict({name: gain(scratch, others[name], samples) for name in ranked}, tied)
