"""CORAL: the distance between the covariances of two sets of features."""

from __future__ import annotations

from torch import Tensor

from xfer_core.objectives.precision import autocast_disabled, to_float32


def covariance(features: Tensor) -> Tensor:
    """Unbiased covariance, (N, D) → (D, D); N is at least 2."""
    centred = to_float32(features) - to_float32(features).mean(0)
    with autocast_disabled(centred):
        return centred.mT @ centred / (len(features) - 1)


def coral(source: Tensor, target: Tensor) -> Tensor:
    """‖C_s − C_t‖²_F / (4d²), with the covariances C of the features and their dimension d.

    Sun and Saenko 2016, https://arxiv.org/abs/1607.01719. (Several libraries compute a mean over entries, and add the
    distance of the means, under the same name; this is the paper's.)

    Args:
        source: (N, d).
        target: (M, d).

    Returns:
        scalar.
    """
    difference = covariance(source) - covariance(target)
    return difference.square().sum() / (4 * source.shape[1] ** 2)
