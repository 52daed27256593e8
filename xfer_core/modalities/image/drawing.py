"""Preprocessing of a drawing: extracts the strokes, crops, scales and centres them like a data set's own images."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from xfer_core.errors import XferError

SEEN = 0.2  # of the strongest ink: fainter values are shade on the paper
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def to_grayscale(picture: Tensor) -> Tensor:
    """Brightness of a picture, uint8 (C, H, W) with one or three channels, as float (H, W) in 0…1."""
    weights = torch.tensor(LUMA if len(picture) == 3 else (1.0,))
    return torch.einsum("chw,c->hw", picture.float() / 255, weights)


def extract_strokes(picture: Tensor) -> Tensor:
    """The strokes in a picture, bright on black; a picture of dark strokes is inverted.

    The border, one pixel wide, is assumed to be paper: if its mean is brighter than one half, the picture is inverted.
    Then the border's median becomes 0, the strongest ink 1, and values below a fifth of it become 0, because light on
    paper is uneven.

    Args:
        picture: uint8 (C, H, W), one or three channels.

    Returns:
        float (1, 1, H, W) in 0…1.

    Raises:
        XferError: ``no_ink`` for a picture in which nothing stands out from its border.
    """
    grey = to_grayscale(picture)
    border = torch.cat([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if border.mean() > 0.5:
        grey, border = 1 - grey, 1 - border
    ink = (grey - border.median()).clamp_min(0)
    strongest = ink.max()
    if strongest < 0.1:  # as faint as the grain of the paper
        raise XferError("no_ink", "picture", f"{picture.shape[2]}×{picture.shape[1]} pixels of one shade")
    return torch.where(ink > SEEN * strongest, ink / strongest, 0.0)[None, None]


def center_and_scale(ink: Tensor, side: int, longest: int, widest: int | None = None, by_mass: bool = False) -> Tensor:
    """A sign cropped, scaled in proportion, and centred in a square.

    Args:
        ink: bright on black, float (1, 1, H, W) in 0…1, not black throughout.
        side: of the square, in pixels.
        longest: length of the sign's longer side after scaling, in pixels.
        widest: a sign wider than this after scaling is squeezed to so many pixels.
        by_mass: whether to centre the ink's centre of mass, instead of its bounding box.

    Returns:
        float (1, 1, side, side) in 0…1.
    """
    visible = ink[0, 0] > 0
    rows, columns = (visible.any(axis).nonzero().flatten() for axis in (1, 0))
    box = ink[..., rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]  # (1, 1, h, w)
    scale = longest / max(box.shape[2:])
    height, width = (max(1, round(scale * pixels)) for pixels in box.shape[2:])
    width = min(width, widest or width)
    sign = F.interpolate(box, size=(height, width), mode="bilinear", antialias=True)
    middle = _middle(sign[0, 0]) if by_mass else (height / 2, width / 2)
    # First row and column of the sign: its middle is at most a pixel beyond the square's middle, as in MNIST; a sign
    # that is heavy on one side stays inside the square.
    top, left = (
        min(max(0, math.ceil(side / 2 - place)), side - length)
        for place, length in zip(middle, (height, width), strict=True)
    )
    square = ink.new_zeros(1, 1, side, side)
    square[..., top : top + height, left : left + width] = sign.clamp(0, 1)
    return square


def _middle(sign: Tensor) -> tuple[float, float]:
    """Centre of mass of (H, W), in pixels from the top left corner."""
    mass = sign.sum()
    rows, columns = (torch.arange(length) + 0.5 for length in sign.shape)
    return float((sign.sum(1) * rows).sum() / mass), float((sign.sum(0) * columns).sum() / mass)
