"""LogME: the evidence of the labels under a linear model on the features (weights integrated out)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from xfer_core.measures.checks import require_features, require_labels

MOST_ITERATIONS = 1000
TOLERANCE = 1e-6  # relative change of t
RANGE = 1e12  # t stays within this factor of the mean eigenvalue
STARTS = tuple(10.0 ** (power / 2) for power in range(-24, 25))  # of t, in mean eigenvalues


def logme(features: Tensor, labels: Tensor) -> float:
    """The logarithm of the maximum evidence, for one class against the rest, mean over classes, divided by N.

    For each class, y is 1 for its samples and 0 for others. With weights w ~ N(0, α⁻¹ I) and y ~ N(F w, β⁻¹ I), the
    weights can be integrated out: log p(y | F) = N/2 log β + D/2 log α − N/2 log 2π − β/2 ‖F m − y‖² − α/2 ‖m‖²
    − ½ log |A|, with A = α I + β FᵀF and m = β A⁻¹ Fᵀy. α and β are those that maximise it, found by MacKay's
    fixed-point iteration γ = Σ_i βσ_i/(α + βσ_i), α ← γ/‖m‖², β ← (N − γ)/‖F m − y‖², where σ_i are the eigenvalues
    of FᵀF. Unlike the likelihood of a trained head, the evidence does not grow with the mere number of features.
    You et al. 2021, https://arxiv.org/abs/2102.11005; iteration in the singular basis: https://arxiv.org/abs/2110.10545.

    The model has no intercept and features are not centred, as in the paper. Both updates together only change t = α/β,
    and β given t is known in closed form, so t alone is iterated until it converges. If columns differ much in scale,
    the evidence has several local maxima, so the iteration starts from the best of 49 values of t. The authors' code
    starts once from α = β = 1, stops after 11 rounds, adds 1e-5 to denominators, and omits (D − N) log α of log |A| if
    D > N: its numbers differ a little, and more in these cases. If features give the labels without any error, the
    evidence has no maximum; t then ends 1e12 below the mean eigenvalue, and the score is large but finite.

    Few samples hardly bias it: with unrelated labels, features score on average at most a few hundredths above a
    single constant column.

    Args:
        features: (N, D), any float type.
        labels: int64 (N,).

    Returns:
        nats per sample; higher is better, can be positive because it is the logarithm of a density. Unchanged if all
        features are scaled by one factor or rotated.

    Raises:
        XferError: ``not_a_matrix``, ``few_samples``, ``not_all_finite``, ``wrong_type``, ``wrong_shape``
            or ``one_class``.
    """
    wide = require_features(features, "features")
    classes, positions = require_labels(labels, len(wide), "labels")
    count = len(wide)
    targets = torch.nn.functional.one_hot(positions, len(classes)).double()  # (N, C)
    left, singular, _ = torch.linalg.svd(wide, full_matrices=False)  # (N, K), (K,)
    energy = (left.T @ targets).square()  # (K, C), of the targets along each direction of the features
    outside = (targets.square().sum(0) - energy.sum(0)).clamp_min(0)  # (C,), outside the span of the features
    energy = energy[:, None]  # (K, 1, C)
    eigenvalues = singular.square()[:, None, None]  # (K, 1, 1)
    eigenvalues = eigenvalues / (float(eigenvalues.mean()) or 1.0)

    def evidence(t: Tensor) -> Tensor:
        """The largest log p(y | F) for t of shape (S, C) or (S, 1), as (S, C)."""
        share = (energy * t / (eigenvalues + t)).sum(0) + outside  # ‖F m − y‖² + t ‖m‖², which is N/β at the best β
        determinant = torch.log1p(eigenvalues / t).sum(0)  # log |A| − D log α
        return -count / 2 * ((2 * math.pi * share / count).log() + 1) - determinant / 2

    starts = torch.tensor(STARTS, dtype=torch.float64)
    t = starts[evidence(starts[:, None]).argmax(0)][None]  # (1, C)
    for _ in range(MOST_ITERATIONS):
        before = t
        gamma = (eigenvalues / (eigenvalues + t)).sum(0)
        free = (t / (eigenvalues + t)).sum(0) + count - len(eigenvalues)  # N − γ without cancellation
        weights = (eigenvalues * energy / (eigenvalues + t).square()).sum(0)  # ‖m‖²
        residual = (energy * (t / (eigenvalues + t)).square()).sum(0) + outside  # ‖F m − y‖²
        t = (gamma * residual / (weights * free)).nan_to_num(RANGE).clamp(1 / RANGE, RANGE)
        if ((t - before).abs() <= TOLERANCE * before).all():
            break
    return float(evidence(t).mean() / count)
