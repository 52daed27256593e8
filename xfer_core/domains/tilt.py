"""The tilt of a digit, from the image moments of its ink: a regression task."""

from __future__ import annotations

import torch
from torch import Tensor

from xfer_core.domains.base import Task

NAME, UNIT = "tilt", "°"
UNITS = {NAME: UNIT}
CHUNK = 10_000


def tilt(ink: Tensor) -> Tensor:
    """arctan(μ₁₁ / μ₀₂) in degrees: the angle of the line through the middles of the rows, to the right positive.

    μ₁₁ = Σ I (x − x̄)(y − ȳ) and μ₀₂ = Σ I (y − ȳ)², with y upwards: the slant that *deslanting* of digits removes
    (LeCun et al. 1998, https://doi.org/10.1109/5.726791). An image without ink has tilt 0.

    Args:
        ink: brightness of the strokes on black, (N, H, W) or (N, 1, H, W), float or uint8.

    Returns:
        float32 (N,), between −90 and 90.
    """
    return torch.cat([_tilt(part) for part in ink.split(CHUNK)])


def _tilt(ink: Tensor) -> Tensor:
    height, width = ink.shape[-2:]
    mass = ink.reshape(-1, height, width).double()  # (N, H, W)
    total = mass.sum((1, 2)).clamp_min(1e-12)[:, None]
    x = torch.arange(width).double()
    y = torch.arange(height - 1, -1, -1).double()
    x = x - mass.sum(1) @ x[:, None] / total  # (N, W)
    y = y - mass.sum(2) @ y[:, None] / total  # (N, H)
    mu11 = torch.einsum("nhw,nw,nh->n", mass, x, y)
    mu02 = torch.einsum("nhw,nh->n", mass, y**2)
    return torch.atan2(mu11, mu02).rad2deg().float()


def tilt_task(ink: Tensor) -> Task:
    """The task ``tilt`` of these images; ``ink`` as for :func:`tilt`."""
    return Task(NAME, tilt(ink), unit=UNIT)
