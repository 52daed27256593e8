"""H-score: between-class variance of the features relative to their total variance."""

from __future__ import annotations

import torch
from torch import Tensor

from xfer_core.measures.checks import center, require_features, require_labels


def h_score(features: Tensor, labels: Tensor) -> float:
    """H_α = (1 − α) tr(Σ_α⁻¹ Σ_B), with the Ledoit–Wolf covariance Σ_α = (1 − α) Σ + α (tr Σ / D) I.

    Σ is the covariance of the features, Σ_B the covariance of the features after each is replaced by the mean of its
    class. The H-score tr(Σ⁻¹ Σ_B) is a one-step estimate of the accuracy of a linear head: Bao et al. 2019,
    https://doi.org/10.1109/ICIP.2019.8803726. With few samples Σ is almost singular and its inverse is noise, so it
    is shrunk towards a multiple of the identity, and Σ_B by the same factor 1 − α: Ibrahim et al. 2022,
    https://arxiv.org/abs/2110.06893. The shrinkage needs no tuning, Ledoit and Wolf 2004,
    https://doi.org/10.1016/S0047-259X(03)00096-4: with μ = tr Σ / D and rows x_i of the centred features,
    α = min(b, d) / d, d = ‖Σ − μI‖²_F, b = (1/N²) Σ_i ‖x_i x_iᵀ − Σ‖²_F.

    Both covariances divide by N, which keeps the score at most C − 1. Other code under this name takes Σ_B from
    ``np.cov``, which divides by N − 1: its number is larger by the factor N / (N − 1).

    Class means of few samples vary, so labels unrelated to the features score above 0: on average (C − 1) · D/(N − 1)
    without shrinkage, less with it, least if all columns have the same variance.

    Args:
        features: (N, D), any float type.
        labels: int64 (N,), with C different classes.

    Returns:
        from 0 (class means coincide) to min(C − 1, D), without a unit; unchanged by a common scale, shift or rotation.

    Raises:
        XferError: ``not_a_matrix``, ``few_samples``, ``not_all_finite``, ``constant``, ``wrong_type``,
            ``wrong_shape`` or ``one_class``.
    """
    wide = require_features(features, "features")
    classes, positions = require_labels(labels, len(wide), "labels")
    x = center(wide, "features")
    x = x / x.abs().max()  # the score does not depend on the scale, fourth powers do
    count, width = x.shape
    covariance = x.T @ x / count
    shrinkage = _ledoit_wolf(x, covariance)
    shrunk = (1 - shrinkage) * covariance + shrinkage * (covariance.trace() / width) * torch.eye(width).double()

    sizes = positions.bincount().double()
    means = torch.zeros(len(classes), width).double().index_add_(0, positions, x) / sizes[:, None]
    weighted = means * (sizes / count).sqrt()[:, None]  # (C, D), and Σ_B is its transpose times itself
    inverse = torch.linalg.pinv(shrunk, hermitian=True)  # without shrinkage, directions without variance are left out
    return float((1 - shrinkage) * ((weighted @ inverse) * weighted).sum())


def _ledoit_wolf(x: Tensor, covariance: Tensor) -> float:
    """The shrinkage α for centred x (N, D); 0 if the covariance is a multiple of the identity already."""
    count, width = x.shape
    excess = covariance - covariance.trace() / width * torch.eye(width).double()
    d = float(excess.square().sum())
    if d == 0:
        return 0.0
    b = float(x.square().sum(1).square().sum() / count - covariance.square().sum()) / count
    return min(max(b, 0.0), d) / d
