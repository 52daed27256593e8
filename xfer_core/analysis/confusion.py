"""Confusion matrix: which classes are mixed up?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from xfer_core.analysis.predictions import Predictions


def confusion_matrix(answers: Predictions, classes: tuple[str, ...]) -> pd.DataFrame:
    """Number of samples per true class (rows) and predicted class (columns).

    Classes that neither occur nor are predicted are left out.
    """
    size = len(classes)
    counts = np.bincount(answers.labels * size + answers.predicted, minlength=size * size).reshape(size, size)
    present = np.flatnonzero(counts.sum(0) + counts.sum(1))
    names = [classes[i] for i in present]
    return pd.DataFrame(counts[np.ix_(present, present)], index=names, columns=names)


def mistakes(counts: pd.DataFrame) -> list[tuple[str, str, int, int]]:
    """The mistakes, the commonest first: (class, answer, how often, samples of that class)."""
    wrong = counts.to_numpy() * (1 - np.eye(len(counts), dtype=int))
    names = list(counts.index)
    order = np.argsort(-wrong, axis=None, kind="stable")[: np.count_nonzero(wrong)]
    places = zip(*np.unravel_index(order, wrong.shape), strict=True)
    return [(names[row], names[column], int(wrong[row, column]), int(counts.iloc[row].sum())) for row, column in places]
