"""Resizes the images of one problem to a common shape, that of the largest."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

Shape = tuple[int, int, int]  # (C, H, W)


def common_shape(shapes: Iterable[Shape]) -> Shape:
    """The most channels, the largest height and the largest width of all shapes."""
    channels, heights, widths = zip(*shapes, strict=True)
    return max(channels), max(heights), max(widths)


def resize_to(images: Tensor, shape: Shape) -> Tensor:
    """Images resized to a shape (bilinear, antialiased), grey ones repeated over the channels.

    Each image is resized by itself, so the result does not depend on the others. If the images have the shape already,
    the same tensor is returned.

    Args:
        images: uint8 (N, C, H, W).
        shape: the new shape; its channels are C, or C is 1.

    Returns:
        uint8 (N, *shape), contiguous.
    """
    if images.shape[2:] != shape[1:]:
        images = F.interpolate(images, size=shape[1:], mode="bilinear", align_corners=False, antialias=True)
    if images.shape[1] != shape[0]:
        images = images.expand(-1, shape[0], -1, -1)
    return images.contiguous()


def to_uint8(values: Tensor) -> Tensor:
    """Pixels in 0…1, float of any shape, to uint8 in 0…255; what lies outside is cut off."""
    return (values.clamp(0, 1) * 255).round().to(torch.uint8).contiguous()
