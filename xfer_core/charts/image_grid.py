"""Samples as an image grid, and images as data URIs."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image
from torch import Tensor

ENLARGE = 3


def image_grid(images: Tensor, columns: int) -> np.ndarray:
    """Images side by side with a gap of two pixels.

    Args:
        images: uint8 (N, C, H, W) with C = 3, or C = 1 for grey.
        columns: images per row.

    Returns:
        uint8 (height, width, 4): the gaps are transparent.
    """
    count, _, height, width = images.shape
    rows = -(-count // columns)
    sheet = np.zeros((rows * (height + 2) - 2, columns * (width + 2) - 2, 4), dtype=np.uint8)
    for i, image in enumerate(images.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).numpy()):
        top, left = i // columns * (height + 2), i % columns * (width + 2)
        sheet[top : top + height, left : left + width] = np.dstack([image, np.full((height, width), 255, np.uint8)])
    return sheet.repeat(ENLARGE, 0).repeat(ENLARGE, 1)


def one_of_each(images: Tensor, labels: Tensor, classes: int, rows: int = 1) -> Tensor:
    """The first ``rows`` of every class, class by class in each row, of the classes that have so many: images uint8
    (N, C, H, W), or any other values (N, …), to (rows · such classes, …)."""
    picked = [(labels == label).nonzero().flatten()[:rows] for label in range(classes)]
    present = [of_class for of_class in picked if len(of_class) == rows]
    return images[[int(of_class[row]) for row in range(rows) for of_class in present]]


def png_uri(sheet: np.ndarray) -> str:
    """An image, uint8 (height, width, 3 or 4), as a PNG in a data URI."""
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
