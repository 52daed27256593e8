"""Which test samples did the transfer fix, and which did it break?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from xfer_core.analysis.held_out import Answered


@dataclass(frozen=True)
class Changed:
    """Two networks' answers to the same samples.

    Attributes:
        fixed: positions of samples that were wrong before and are right now, int64, the surest answers first.
        broken: that were right before and are wrong now, the surest first.
        samples: how many there are.
        chance: how often a difference of this size or more would come about if each of the changed samples were fixed
            or broken by the toss of a coin.
    """

    fixed: np.ndarray
    broken: np.ndarray
    samples: int
    chance: float


def changed(before: Answered, after: Answered) -> Changed:
    """What became of each sample's answer. Both must have answered the same samples in the same order.

    ``chance`` is the exact two-sided sign test on the samples whose answer changed between right and wrong, McNemar
    1947, https://doi.org/10.1007/BF02295996.
    """
    surest = np.argsort(-after.certainty, kind="stable")
    fixed = surest[(~before.right & after.right)[surest]]
    broken = surest[(before.right & ~after.right)[surest]]
    return Changed(fixed, broken, len(after.labels), coin_chance(len(fixed), len(broken)))


def coin_chance(heads: int, tails: int) -> float:
    """How likely n = heads + tails tosses of a fair coin are to differ from n/2 by at least as much, from 0 to 1."""
    return float(binomtest(heads, heads + tails).pvalue) if heads + tails else 1.0
