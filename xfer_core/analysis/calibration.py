"""Calibration: does the network's confidence match its accuracy?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from xfer_core.analysis.predictions import Predictions

BINS = 10
DRAWS = 400


@dataclass(frozen=True)
class Calibration:
    """Confidence against accuracy.

    Attributes:
        bins: one row for every non-empty bin: ``low``, ``high`` (its edges), ``samples``, ``confidence`` (mean) and
            ``correct`` (fraction).
        error: expected calibration error, from 0 to 1.
        by_chance: its mean for a perfectly calibrated network with the same number of samples: errors near it are no
            sign of miscalibration.
        confidence: mean over all samples.
        accuracy: of all samples, a fraction.
    """

    bins: pd.DataFrame
    error: float
    by_chance: float
    confidence: float
    accuracy: float


def calibration(answers: Predictions, bins: int = BINS) -> Calibration:
    """ECE = Σ_m |B_m| / N · |right(B_m) − confidence(B_m)| over bins of equal width, ((m − 1)/M, m/M].

    Guo et al. 2017, https://arxiv.org/abs/1706.04599, who use 15 bins; for the few test samples of a small domain ten
    give a less noisy estimate. The error is above 0 even for a perfectly calibrated network, more so for bins with few
    samples: ``by_chance`` is its mean over 400 simulations (with a fixed seed) in which each prediction is right with
    the probability of its confidence.

    Args:
        answers: predictions of one task; at least one sample.
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
    """The mean error of predictions that are right with exactly these probabilities."""
    random = np.random.default_rng(0)
    excess = [
        np.bincount(bin_of, (random.random(len(confidence)) < confidence) - confidence, bins) for _ in range(DRAWS)
    ]  # each (bins,)
    return float(np.abs(excess).sum(1).mean() / len(confidence))
