"""Images of several shapes in one problem: brought to one shape, that of the largest."""

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
    """Images brought to a shape: resized (bilinear, antialiased), grey ones repeated over the channels.

    Each image by itself, so the result does not depend on what else is fitted. Images that have the shape already come
    back as they are, the same tensor.

    Args:
        images: uint8 (N, C, H, W).
        shape: what is wanted; its channels are C, or C is 1.

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
