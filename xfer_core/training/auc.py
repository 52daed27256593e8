"""Area under the ROC curve of a task with two classes."""

from __future__ import annotations

from torch import Tensor

CLASSES = 2


def auc(logits: Tensor, labels: Tensor) -> float | None:
    """The probability that a sample of the one class has a higher logit difference than one of the other, ties counted
    half: 0.5 is chance, 1 a perfect ranking. It is the same whichever of the two classes is called positive, and needs
    no threshold, so a shift of how frequent the classes are does not change it.

    Fawcett 2006, https://doi.org/10.1016/j.patrec.2005.10.010.

    Args:
        logits: float32 (N, K).
        labels: int64 (N,).

    Returns:
        None where it is not defined: for other than two classes, for samples of only one class, and for outputs that
        are not finite.
    """
    if logits.shape[1] != CLASSES or len(labels.unique()) != CLASSES or not bool(logits.isfinite().all()):
        return None
    logits, labels = logits.cpu().double(), labels.cpu()
    _, place, count = (logits[:, 1] - logits[:, 0]).unique(return_inverse=True, return_counts=True)  # sorted
    ranks = (count.cumsum(0) - (count - 1) / 2)[place]  # (N,), from 1; equal scores share the mean of their ranks
    second = labels == 1
    pairs = int(second.sum()) * int((~second).sum())
    beaten = float(ranks[second].sum()) - int(second.sum()) * (int(second.sum()) + 1) / 2  # Mann and Whitney's U
    return beaten / pairs
