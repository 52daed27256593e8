"""Learning curves over seeds: mean and standard deviation, at the steps that all of them have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from tsdownsample import MinMaxLTTBDownsampler

Curve = Sequence[tuple[int, float]]  # (step, value)
MAX_POINTS = 400  # points of a curve: about the width of a screen in pixels


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
    """Mean and standard deviation at the steps that every curve has; None if there are none.

    A curve of more than 400 points is downsampled with MinMaxLTTB (Van Der Donckt et al. 2023,
    https://arxiv.org/abs/2305.00332), which keeps its visible shape.
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
    indices = downsample(steps, mean)
    return MeanCurve(steps[indices], mean[indices], (mean - spread)[indices], (mean + spread)[indices], len(values))


def downsample(steps: np.ndarray, values: np.ndarray, points: int = MAX_POINTS) -> np.ndarray:
    """Indices of the points of a curve to draw, in order; all if there are at most ``points``."""
    if len(steps) <= points:
        return np.arange(len(steps))
    return MinMaxLTTBDownsampler().downsample(steps.astype(float), np.ascontiguousarray(values, float), n_out=points)


def mean_curves(curves: Mapping[str, Curve], arms: Mapping[str, Sequence[str]]) -> dict[str, MeanCurve]:
    """Condition → mean curve of its runs.

    Args:
        curves: run → curve.
        arms: condition → runs.
    """
    found = {condition: mean_curve(curves[run] for run in runs if curves.get(run)) for condition, runs in arms.items()}
    return {condition: over for condition, over in found.items() if over is not None}
