"""One picture file as pixels of a fixed size: photographs as they come, upright and in grey or in colour."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from xfer_core.errors import XferError

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
GREY = frozenset(("1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "F"))
BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, MemoryError, OverflowError)


def open_picture(content: bytes, name: str, limit: int) -> Image.Image:
    """A picture of which only the header has been read.

    Args:
        content: of the file.
        name: for errors.
        limit: millions of pixels, at most.

    Raises:
        XferError: ``not_a_picture`` or ``too_many_pixels``.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        raise XferError("too_many_pixels", name, "more", limit=limit, form="width × height") from None
    except (UnidentifiedImageError, *BROKEN):
        raise XferError("not_a_picture", name, name.rsplit(".", 1)[-1]) from None
    if picture.width * picture.height > limit * 1_000_000:
        size = f"{picture.width} × {picture.height}"
        raise XferError("too_many_pixels", name, size, limit=limit, form="width × height")
    return picture


def read_pixels(picture: Image.Image, name: str, channels: int, side: int) -> np.ndarray:
    """Its middle square, reduced or enlarged: uint8 (channels, side, side). Of several frames the first, turned as its
    camera says, with 16 bits as 8, and what is transparent on white.

    Raises:
        XferError: ``damaged_picture``.
    """
    try:
        picture.draft("RGB" if channels == 3 else "L", (side, side))  # JPEG: decode at a smaller size
        upright = ImageOps.exif_transpose(_as_bytes(picture))
        plain = _opaque(upright).convert("RGB" if channels == 3 else "L")
        if plain.size != (side, side):
            plain = ImageOps.fit(plain, (side, side), Image.Resampling.BICUBIC)
    except BROKEN as error:
        raise XferError("damaged_picture", name, str(error)) from None
    pixels = np.asarray(plain)
    return pixels.transpose(2, 0, 1) if channels == 3 else pixels[None]


def _as_bytes(picture: Image.Image) -> Image.Image:
    """The first frame, with at most 8 bits a channel."""
    if not (picture.mode.startswith("I") or picture.mode == "F"):
        picture.load()
        return picture
    values: np.ndarray[Any, Any] = np.asarray(picture, dtype=np.float64)
    top = 1.0 if picture.mode == "F" and values.max() <= 1 else 255.0 if values.max() <= 255 else 65535.0
    reduced = Image.fromarray((values.clip(0, top) / top * 255).round().astype(np.uint8))
    reduced.info.update(picture.info)
    return reduced


def _opaque(picture: Image.Image) -> Image.Image:
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        coloured = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", coloured.size, "white"), coloured)
    return picture
