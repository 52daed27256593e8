"""Which test samples did the transfer fix, and which did it break?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from xfer_core.analysis.predictions import Predictions


@dataclass(frozen=True)
class PredictionChanges:
    """Two networks' answers to the same samples.

    Attributes:
        fixed: positions of samples that were wrong before and are right now, int64, the surest answers first.
        broken: that were right before and are wrong now, the surest first.
        samples: how many there are.
        chance: how often a difference of this size or more would come about if each of the changed samples were fixed
            or broken by the toss of a coin.
    """

    corrected: np.ndarray
    regressed: np.ndarray
    samples: int
    p_value: float


def prediction_changes(before: Predictions, after: Predictions) -> PredictionChanges:
    """What became of each sample's answer. Both must have answered the same samples in the same order.

    ``chance`` is the exact two-sided sign test on the samples whose answer changed between right and wrong, McNemar
    1947, https://doi.org/10.1007/BF02295996.
    """
    surest = np.argsort(-after.confidence, kind="stable")
    fixed = surest[(~before.correct & after.correct)[surest]]
    broken = surest[(before.correct & ~after.correct)[surest]]
    return PredictionChanges(fixed, broken, len(after.labels), sign_test(len(fixed), len(broken)))


def sign_test(heads: int, tails: int) -> float:
    """How likely n = heads + tails tosses of a fair coin are to differ from n/2 by at least as much, from 0 to 1."""
    return float(binomtest(heads, heads + tails).pvalue) if heads + tails else 1.0
