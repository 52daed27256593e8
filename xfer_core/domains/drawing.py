"""From any picture of one sign to the ink in it, cut out and placed as a data set places its own."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from xfer_core.errors import XferError

SEEN = 0.2  # of the strongest ink: what is fainter is shade on the paper
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def to_grayscale(picture: Tensor) -> Tensor:
    """Brightness of a picture, uint8 (C, H, W) with one or three channels, as float (H, W) in 0…1."""
    weights = torch.tensor(LUMA if len(picture) == 3 else (1.0,))
    return torch.einsum("chw,c->hw", picture.float() / 255, weights)


def extract_strokes(picture: Tensor) -> Tensor:
    """What is written in a picture: bright strokes on black, whichever of the two was bright before.

    The border, one pixel wide, is taken for paper: if its mean is brighter than one half, bright and dark change
    places. Then the border's median goes to 0, the strongest ink to 1, and whatever is fainter than a fifth of it to 0:
    light falls unevenly on paper.

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
    """A sign cut out, scaled in proportion, and placed in the middle of a square.

    Args:
        ink: bright on black, float (1, 1, H, W) in 0…1, not black throughout.
        side: of the square, in pixels.
        longest: what the longer side of the sign becomes, in pixels.
        widest: a sign that is wider then is squeezed to so many pixels.
        by_mass: whether the ink's centre of mass comes to the middle of the square, instead of the middle of its box.

    Returns:
        float (1, 1, side, side) in 0…1.
    """
    seen = ink[0, 0] > 0
    rows, columns = (seen.any(axis).nonzero().flatten() for axis in (1, 0))
    box = ink[..., rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]  # (1, 1, h, w)
    scale = longest / max(box.shape[2:])
    height, width = (max(1, round(scale * pixels)) for pixels in box.shape[2:])
    width = min(width, widest or width)
    sign = F.interpolate(box, size=(height, width), mode="bilinear", antialias=True)
    middle = _middle(sign[0, 0]) if by_mass else (height / 2, width / 2)
    # First row and column of the sign: its middle comes to the middle or less than a pixel beyond, as MNIST has it; one
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
