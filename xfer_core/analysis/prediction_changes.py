"""Prediction changes: which test samples did the transfer correct, and which did it break?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from xfer_core.analysis.predictions import Predictions


@dataclass(frozen=True)
class PredictionChanges:
    """Differences between two networks' predictions for the same samples.

    Attributes:
        corrected: indices of samples that were wrong before and are correct now, int64, the most confident first.
        regressed: the same for correct before and wrong now.
        samples: number of all samples.
        p_value: probability of a difference of at least this size if each changed sample were corrected or regressed
            with probability ½.
    """

    corrected: np.ndarray
    regressed: np.ndarray
    samples: int
    p_value: float


def prediction_changes(before: Predictions, after: Predictions) -> PredictionChanges:
    """Compare predictions before and after. Both must be for the same samples in the same order.

    ``p_value`` is that of the exact two-sided sign test on the samples whose prediction changed between right and
    wrong: McNemar 1947, https://doi.org/10.1007/BF02295996.
    """
    order = np.argsort(-after.confidence, kind="stable")
    corrected = order[(~before.correct & after.correct)[order]]
    regressed = order[(before.correct & ~after.correct)[order]]
    return PredictionChanges(corrected, regressed, len(after.labels), sign_test(len(corrected), len(regressed)))


def sign_test(heads: int, tails: int) -> float:
    """p of the two-sided sign test: the probability that n = heads + tails tosses of a fair coin are as uneven."""
    return float(binomtest(heads, heads + tails).pvalue) if heads + tails else 1.0
