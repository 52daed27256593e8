"""Input checks of all measures. Invalid input raises an error, before it can become a wrong number."""

from __future__ import annotations

import torch
from torch import Tensor

from xfer_core.errors import XferError


def require_features(features: Tensor, field: str, least: int = 2) -> Tensor:
    """The features in float64 on the CPU, without gradient, so that every device gives the same number.

    Args:
        features: (N, D), any real type.
        field: the argument's name, for the error.
        least: the smallest N that the measure can work with.

    Raises:
        XferError: ``not_a_matrix``, ``few_samples`` or ``not_all_finite``.
    """
    if features.ndim != 2 or features.shape[1] == 0:
        raise XferError("not_a_matrix", field, str(tuple(features.shape)))
    if len(features) < least:
        raise XferError("few_samples", field, len(features), limit=least)
    wide = features.detach().to("cpu", torch.float64)
    broken = ~torch.isfinite(wide)
    if broken.any():
        raise XferError("not_all_finite", field, wide[broken][0].item())
    return wide


def require_labels(labels: Tensor, samples: int, field: str, least: int = 2) -> tuple[Tensor, Tensor]:
    """The classes that occur, in order, and for each sample the index of its class among them.

    Args:
        labels: int64 (N,).
        samples: N, the number of features' rows.
        field: the argument's name, for the error.
        least: how many different classes the measure needs.

    Returns:
        classes int64 (C,) and positions int64 (N,), with ``classes[positions]`` equal to the labels.

    Raises:
        XferError: ``wrong_type``, ``wrong_shape`` or ``one_class``.
    """
    if labels.dtype != torch.int64:
        raise XferError("wrong_type", field, labels.dtype, expected="int64")
    if labels.shape != (samples,):
        raise XferError("wrong_shape", field, str(tuple(labels.shape)), expected=f"({samples},)")
    classes, positions = labels.detach().cpu().unique(return_inverse=True)
    if len(classes) < least:
        raise XferError("one_class", field, classes.tolist())
    return classes, positions


def require_equal_width(source: Tensor, target: Tensor, field: str = "target") -> None:
    """Reject sets of different width: both must come from the same stage, so that their columns mean the same.

    Args:
        source: (N, D).
        target: (M, D).
        field: the name of the target's argument, for the error.

    Raises:
        XferError: ``wrong_shape``.
    """
    if source.shape[1] != target.shape[1]:
        expected = f"({len(target)}, {source.shape[1]})"
        raise XferError("wrong_shape", field, str(tuple(target.shape)), expected=expected)


def center(features: Tensor, field: str) -> Tensor:
    """The features minus the mean of each column.

    Args:
        features: float64 (N, D).
        field: the argument's name, for the error.

    Raises:
        XferError: ``constant`` if only rounding errors remain, because all samples are equal.
    """
    moved = features - features.mean(0)
    if not has_variance(moved, features):
        raise XferError("constant", field, features[0].tolist())
    return moved


def has_variance(deviations: Tensor, features: Tensor) -> bool:
    """Whether deviations from a mean are larger than the rounding errors of this mean."""
    return bool(deviations.abs().max() > 1e-12 * features.abs().max())
