"""Which classes are mixed up?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from xfer_core.analysis.predictions import Predictions


def confusion_matrix(answers: Predictions, classes: tuple[str, ...]) -> pd.DataFrame:
    """How many samples of each class got each answer: a row a true class, a column an answer.

    Classes that neither occur nor were answered are left out.
    """
    size = len(classes)
    counts = np.bincount(answers.labels * size + answers.predicted, minlength=size * size).reshape(size, size)
    kept = np.flatnonzero(counts.sum(0) + counts.sum(1))
    names = [classes[i] for i in kept]
    return pd.DataFrame(counts[np.ix_(kept, kept)], index=names, columns=names)


def mistakes(counts: pd.DataFrame) -> list[tuple[str, str, int, int]]:
    """The mistakes, the commonest first: (class, answer, how often, samples of that class)."""
    wrong = counts.to_numpy() * (1 - np.eye(len(counts), dtype=int))
    names = list(counts.index)
    order = np.argsort(-wrong, axis=None, kind="stable")[: np.count_nonzero(wrong)]
    places = zip(*np.unravel_index(order, wrong.shape), strict=True)
    return [(names[row], names[column], int(wrong[row, column]), int(counts.iloc[row].sum())) for row, column in places]
