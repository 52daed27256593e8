"""Nearest class mean: how well a few labels already tell the classes apart in these features."""

from __future__ import annotations

import torch
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.measures.checks import require_features, require_labels


def nearest_class_mean(features: Tensor, labels: Tensor) -> float:
    """The share of samples that lie nearest to the mean of their own class, each mean without the sample itself.

    Leave one out: for a sample of class c with n_c samples its own class has the mean (n_c μ_c − x) / (n_c − 1). The
    classifier is that of Mensink et al. 2013, https://doi.org/10.1109/TPAMI.2013.83, and with a trained network that
    of prototypical networks, Snell, Swersky and Zemel 2017, https://arxiv.org/abs/1703.05175. It needs no training, so
    it can be asked of few labels. Classes with a single sample have no mean without it and are left out.

    Args:
        features: (N, D), any float type.
        labels: int64 (N,).

    Returns:
        a fraction, 0 to 1; about one in the number of classes for unrelated features.

    Raises:
        XferError: ``not_a_matrix``, ``few_samples`` (fewer than two classes of two samples), ``not_all_finite``,
            ``wrong_type``, ``wrong_shape`` or ``one_class``.
    """
    wide = require_features(features, "features")
    _, positions = require_labels(labels, len(wide), "labels")
    sizes = positions.bincount()
    kept = sizes[positions] > 1
    if int((sizes > 1).sum()) < 2:
        raise XferError("few_samples", "labels", int(sizes.max()), limit=2)
    x, (_, y) = wide[kept], positions[kept].unique(return_inverse=True)
    counts = y.bincount().double()[:, None]  # (C, 1)
    means = torch.zeros(len(counts), x.shape[1], dtype=torch.float64).index_add_(0, y, x) / counts
    distances = torch.cdist(x, means)  # (N, C)
    left_out = (counts[y] * means[y] - x) / (counts[y] - 1)
    distances[torch.arange(len(x)), y] = (x - left_out).norm(dim=1)
    return float((distances.argmin(1) == y).double().mean())
