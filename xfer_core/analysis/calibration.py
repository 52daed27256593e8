"""Does the network know when it is unsure?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from xfer_core.analysis.held_out import Answered

BINS = 10


@dataclass(frozen=True)
class Calibration:
    """How sure the network is, against how often it is right.

    Attributes:
        bins: one row for every bin that holds samples: ``low``, ``high`` (its edges), ``samples``, ``certainty`` (mean)
            and ``right`` (fraction).
        error: expected calibration error, from 0 to 1.
        certainty: mean over all samples.
        right: fraction of all samples.
    """

    bins: pd.DataFrame
    error: float
    certainty: float
    right: float


def calibration(answers: Answered, bins: int = BINS) -> Calibration:
    """ECE = Σ_m |B_m| / N · |right(B_m) − certainty(B_m)| over bins of equal width, ((m − 1)/M, m/M].

    Guo et al. 2017, https://arxiv.org/abs/1706.04599, who take 15 bins; with the few test samples of a small domain
    ten are steadier. The error grows with fewer samples a bin even for a perfectly calibrated network.

    Args:
        answers: of one task; must hold a sample.
        bins: M.
    """
    certainty, right = answers.certainty, answers.right
    bin_of = np.clip(np.ceil(certainty * bins).astype(int) - 1, 0, bins - 1)
    rows = [
        {
            "low": m / bins,
            "high": (m + 1) / bins,
            "samples": int((bin_of == m).sum()),
            "certainty": float(certainty[bin_of == m].mean()),
            "right": float(right[bin_of == m].mean()),
        }
        for m in np.unique(bin_of).tolist()
    ]
    error = sum(row["samples"] * abs(row["right"] - row["certainty"]) for row in rows) / len(certainty)
    return Calibration(pd.DataFrame(rows), error, float(certainty.mean()), float(right.mean()))
