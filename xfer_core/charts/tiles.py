"""Single samples as enlarged images, with or without a heatmap."""

from __future__ import annotations

import numpy as np
from torch import Tensor

SIDE = 96  # pixels, at least
GLOW = np.array([255, 140, 0])
DEEP = 0.75  # maximum opacity of the heatmap


def upscale_pixels(image: Tensor, side: int = SIDE) -> np.ndarray:
    """One image, each pixel repeated until it is at least ``side`` wide.

    Args:
        image: uint8 (C, H, W) with C = 3, or C = 1 for grey.

    Returns:
        uint8 (H·n, W·n, 3).
    """
    times = -(-side // image.shape[2])
    return image.expand(3, -1, -1).permute(1, 2, 0).numpy().repeat(times, 0).repeat(times, 1)


def heatmap_overlay(image: Tensor, heat: np.ndarray, side: int = SIDE) -> np.ndarray:
    """The image, and beside it in grey with the heatmap in orange.

    Args:
        image: uint8 (C, H, W).
        heat: float (H, W) from 0 to 1.

    Returns:
        uint8 (height, 2 · width + 4, 4): the gap is transparent.
    """
    plain = upscale_pixels(image, side)
    times = plain.shape[0] // heat.shape[0]
    cover = DEEP * heat.repeat(times, 0).repeat(times, 1)[..., None]
    grey = plain.mean(2, keepdims=True).repeat(3, 2)
    warm = ((1 - cover) * grey + cover * GLOW).round().astype(np.uint8)
    return side_by_side(plain, warm)


def side_by_side(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Two images of one size, uint8 (height, width, 3), with a transparent gap: uint8 (height, 2 · width + 4, 4)."""
    height, width = one.shape[:2]
    both = np.zeros((height, 2 * width + 4, 4), np.uint8)
    for left, picture in ((0, one), (width + 4, two)):
        both[:, left : left + width] = np.dstack([picture, np.full((height, width), 255, np.uint8)])
    return both
