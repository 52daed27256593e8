"""Linear CKA: how alike two stages or two networks see the same samples."""

from __future__ import annotations

from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.measures.checks import centred, checked_features


def linear_cka(x: Tensor, y: Tensor) -> float:
    """CKA = ‖YᵀX‖²_F / (‖XᵀX‖_F ‖YᵀY‖_F), with the mean of each column taken off.

    This is the cosine between the two tables of similarities between samples, XXᵀ and YYᵀ, and equals
    HSIC(XXᵀ, YYᵀ) / √(HSIC(XXᵀ, XXᵀ) · HSIC(YYᵀ, YYᵀ)); but written in features it needs D × D numbers, not N × N.
    Kornblith et al. 2019, https://arxiv.org/abs/1905.00414. Row i of both must be the same sample; the widths may
    differ. With few samples and many features even unrelated features score high: have N well above D.

    Args:
        x: (N, D₁), any float type; computed in float64.
        y: (N, D₂), the same samples in the same order.

    Returns:
        from 0 (unrelated) to 1 (equal up to rotation, scale and shift), without a unit.

    Raises:
        XferError: ``not_a_matrix``, ``few_samples``, ``not_all_finite``, ``wrong_shape`` or ``constant``.
    """
    wide = checked_features(x, "x"), checked_features(y, "y")
    if len(wide[0]) != len(wide[1]):
        expected = f"({len(wide[0])}, {wide[1].shape[1]})"
        raise XferError("wrong_shape", "y", str(tuple(wide[1].shape)), expected=expected)
    a, b = (centred(features, field) for features, field in zip(wide, ("x", "y"), strict=True))
    a, b = (
        a / a.norm(),
        b / b.norm(),
    )  # CKA does not depend on scale, and fourth powers then neither overflow nor vanish
    return float((b.T @ a).square().sum() / ((a.T @ a).norm() * (b.T @ b).norm()))
