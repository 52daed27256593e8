"""Linear CKA: similarity of the features of two stages or two networks for the same samples."""

from __future__ import annotations

from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.measures.checks import center, require_features

LEAST = 4  # samples: the unbiased HSIC divides by n − 3


def linear_cka(x: Tensor, y: Tensor) -> float:
    """CKA = HSIC₁(K, L) / √(HSIC₁(K, K) · HSIC₁(L, L)), with K = XXᵀ, L = YYᵀ and the unbiased HSIC₁: debiased CKA.

    This is the cosine between the two matrices of similarities between *different* samples. With K̃, L̃ for K, L with
    their diagonal set to 0,

        HSIC₁ = 1/(n(n−3)) · [tr(K̃L̃) + (1ᵀK̃1)(1ᵀL̃1)/((n−1)(n−2)) − 2/(n−2) · 1ᵀK̃L̃1],

    Song et al. 2007, https://arxiv.org/abs/0704.2668. Linear CKA is Kornblith et al. 2019,
    https://arxiv.org/abs/1905.00414. With its HSIC, which includes each sample's similarity to itself, unrelated
    features score higher if there are fewer samples per feature: 0.62 for 60 samples of 100 normal features; Murphy,
    Zylberberg and Fyshe 2024, https://arxiv.org/abs/2405.01012. The debiased one is about 0 there, for any widths.

    Columns are centred, which changes nothing but rounding; then K1 = 0 and HSIC₁ needs only ‖XᵀY‖²_F and the squared
    length of each sample. ‖XᵀY‖²_F is the sum over D₁ × D₂ products of columns or over N × N products of samples,
    whichever are fewer. Row i of both must be the same sample; the widths may differ.

    Args:
        x: (N, D₁), any float type; computed in float64; N of at least 4.
        y: (N, D₂), the same samples in the same order.

    Returns:
        1: equal up to rotation, scale and shift; about 0: unrelated, by chance slightly below as often as above. From
        −1 to 1, without a unit. Standard deviation: 0.02 for unrelated 60 × 100, 0.16 for 10 × 10.

    Raises:
        XferError: ``not_a_matrix``, ``few_samples``, ``not_all_finite``, ``wrong_shape``, ``constant``; or
            ``no_likeness`` if no pair of samples is more similar than its two samples are to all others, for example
            if all are equally far apart, or if only one differs from the rest.
    """
    wide = require_features(x, "x", LEAST), require_features(y, "y", LEAST)
    if len(wide[0]) != len(wide[1]):
        expected = f"({len(wide[0])}, {wide[1].shape[1]})"
        raise XferError("wrong_shape", "y", str(tuple(wide[1].shape)), expected=expected)
    a, b = (center(features, field) for features, field in zip(wide, ("x", "y"), strict=True))
    a, b = (
        a / a.norm(),
        b / b.norm(),
    )  # CKA does not depend on scale, and fourth powers then neither overflow nor vanish
    own = []
    for features, field in ((a, "x"), (b, "y")):
        found = _hsic(features, features)
        if found <= 1e-12 * _overlap(features, features):  # only rounding errors
            raise XferError("no_likeness", field, wide[0 if field == "x" else 1][0].tolist())
        own.append(found)
    return float(_hsic(a, b) / (own[0] * own[1]).sqrt())


def _hsic(a: Tensor, b: Tensor) -> Tensor:
    """n(n−3) times the unbiased HSIC of centred features (N, D₁) and (N, D₂)."""
    count = len(a)
    p, q = a.square().sum(1), b.square().sum(1)  # (N,), the diagonals of the Gram matrices
    return _overlap(a, b) - count / (count - 2) * (p @ q) + p.sum() * q.sum() / ((count - 1) * (count - 2))


def _overlap(a: Tensor, b: Tensor) -> Tensor:
    """‖AᵀB‖²_F, which is the sum over all entries of AAᵀ times BBᵀ."""
    if a.shape[1] * b.shape[1] <= len(a) * len(a):
        return (a.T @ b).square().sum()
    table = a @ a.T  # (N, N)
    return (table * (table if b is a else b @ b.T)).sum()
