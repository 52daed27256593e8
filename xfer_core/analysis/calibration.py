"""Does the network know when it is unsure?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from xfer_core.analysis.predictions import Predictions

BINS = 10
DRAWS = 400


@dataclass(frozen=True)
class Calibration:
    """How sure the network is, against how often it is right.

    Attributes:
        bins: one row for every bin that holds samples: ``low``, ``high`` (its edges), ``samples``, ``confidence``
            (mean) and ``correct`` (fraction).
        error: expected calibration error, from 0 to 1.
        by_chance: what it would be on average if the network were right exactly as often as it is sure, with so many
            samples: errors near it are no sign of miscalibration.
        confidence: mean over all samples.
        accuracy: fraction of all samples that are answered rightly.
    """

    bins: pd.DataFrame
    error: float
    by_chance: float
    confidence: float
    accuracy: float


def calibration(answers: Predictions, bins: int = BINS) -> Calibration:
    """ECE = Σ_m |B_m| / N · |right(B_m) − confidence(B_m)| over bins of equal width, ((m − 1)/M, m/M].

    Guo et al. 2017, https://arxiv.org/abs/1706.04599, who take 15 bins; with the few test samples of a small domain
    ten are steadier. The error is above 0 even for a perfectly calibrated network, the more so the fewer samples a bin
    holds: ``by_chance`` is its mean over 400 drawings (with a fixed seed) in which each answer is right with the
    probability that the network gives it.

    Args:
        answers: of one task; must hold a sample.
        bins: M.
    """
    confidence, correct = answers.confidence, answers.correct
    bin_of = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    rows = [
        {
            "low": m / bins,
            "high": (m + 1) / bins,
            "samples": int((bin_of == m).sum()),
            "confidence": float(confidence[bin_of == m].mean()),
            "correct": float(correct[bin_of == m].mean()),
        }
        for m in np.unique(bin_of).tolist()
    ]
    error = sum(row["samples"] * abs(row["correct"] - row["confidence"]) for row in rows) / len(confidence)
    by_chance = _error_by_chance(confidence, bin_of, bins)
    return Calibration(pd.DataFrame(rows), error, by_chance, float(confidence.mean()), float(correct.mean()))


def _error_by_chance(confidence: np.ndarray, bin_of: np.ndarray, bins: int) -> float:
    """The mean error of answers that are right with just these probabilities."""
    random = np.random.default_rng(0)
    excess = [
        np.bincount(bin_of, (random.random(len(confidence)) < confidence) - confidence, bins) for _ in range(DRAWS)
    ]  # each (bins,)
    return float(np.abs(excess).sum(1).mean() / len(confidence))
