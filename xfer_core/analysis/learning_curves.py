"""Curves over seeds: their mean and how far they spread, at the steps that all of them measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from tsdownsample import MinMaxLTTBDownsampler

Curve = Sequence[tuple[int, float]]  # (step, value)
MAX_POINTS = 400  # points of a curve: more than a screen is wide shows no more


@dataclass(frozen=True)
class MeanCurve:
    """Mean curve of several seeds.

    Attributes:
        steps: (S,)
        mean: (S,)
        low, high: mean ∓ one standard deviation (n − 1) over the seeds, (S,); equal to the mean for a single seed.
        seeds: how many.
    """

    steps: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    seeds: int


def mean_curve(curves: Iterable[Curve]) -> MeanCurve | None:
    """Mean and spread at the steps that every curve has; None where there are none.

    A curve of more than 400 points is thinned with MinMaxLTTB (Van Der Donckt et al. 2023,
    https://arxiv.org/abs/2305.00332), which keeps what the eye would see.
    """
    found = [dict(curve) for curve in curves]
    if not found:
        return None
    steps = np.array(sorted(set.intersection(*(set(curve) for curve in found))))
    if not len(steps):
        return None
    values = np.array([[curve[step] for step in steps.tolist()] for curve in found])  # (seeds, S)
    mean = values.mean(0)
    spread = values.std(0, ddof=1) if len(values) > 1 else np.zeros_like(mean)
    kept = downsample(steps, mean)
    return MeanCurve(steps[kept], mean[kept], (mean - spread)[kept], (mean + spread)[kept], len(values))


def downsample(steps: np.ndarray, values: np.ndarray, points: int = MAX_POINTS) -> np.ndarray:
    """Which points of a curve to draw, as indices in order; all of them if there are no more than ``points``."""
    if len(steps) <= points:
        return np.arange(len(steps))
    return MinMaxLTTBDownsampler().downsample(steps.astype(float), np.ascontiguousarray(values, float), n_out=points)


def mean_curves(curves: Mapping[str, Curve], arms: Mapping[str, Sequence[str]]) -> dict[str, MeanCurve]:
    """Arm → band over its runs.

    Args:
        curves: run → curve.
        arms: arm → runs.
    """
    found = {arm: mean_curve(curves[run] for run in runs if curves.get(run)) for arm, runs in arms.items()}
    return {arm: over for arm, over in found.items() if over is not None}
