"""One picture file as pixels of a fixed size: photographs as they come, upright and in grey or in colour."""

from __future__ import annotations

import warnings
from contextlib import suppress
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from xfer_core.errors import XferError

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
GREY = frozenset(("1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "F"))
BROKEN = (Exception,)  # of a damaged file, Pillow's readers raise anything

ORIENTATION = 0x0112  # of EXIF
TURNS = dict(
    zip(
        range(2, 9),
        (
            Image.Transpose.FLIP_LEFT_RIGHT,
            Image.Transpose.ROTATE_180,
            Image.Transpose.FLIP_TOP_BOTTOM,
            Image.Transpose.TRANSPOSE,
            Image.Transpose.ROTATE_270,
            Image.Transpose.TRANSVERSE,
            Image.Transpose.ROTATE_90,
        ),
        strict=True,
    )
)
"""EXIF's orientation → what makes the picture upright."""

# Before the limit here is checked. As a filter for good, because one for a while is not safe among threads.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


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
        picture = Image.open(BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError:
        raise XferError("too_many_pixels", name, "more", limit=limit, form="width × height") from None
    except BROKEN:
        raise XferError("not_a_picture", name, name.rsplit(".", 1)[-1]) from None
    if picture.width * picture.height > limit * 1_000_000:
        size = f"{picture.width} × {picture.height}"
        raise XferError("too_many_pixels", name, size, limit=limit, form="width × height")
    return picture


def read_pixels(picture: Image.Image, name: str, channels: int, side: int) -> np.ndarray[Any, Any]:
    """Its middle square, reduced or enlarged: uint8 (channels, side, side). Of several frames the first, turned as its
    camera says, with 16 bits as 8, and what is transparent on white.

    Raises:
        XferError: ``damaged_picture``.
    """
    kind = "RGB" if channels == 3 else "L"
    try:
        picture.draft(kind, (side, side))  # JPEG: decode at a smaller size
        small = _resizable(_as_bytes(picture))
        if small.size != (side, side):
            small = ImageOps.fit(small, (side, side), Image.Resampling.BICUBIC)
        if small.mode in ("RGBA", "LA"):
            clear = small.convert("RGBA")
            small = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
        plain = _upright(small, picture).convert(kind)
    except BROKEN as error:
        raise XferError("damaged_picture", name, str(error)) from None
    pixels = np.asarray(plain)
    return pixels.transpose(2, 0, 1) if channels == 3 else pixels[None]


def _as_bytes(picture: Image.Image) -> Image.Image:
    """The first frame, with at most 8 bits a channel."""
    if not (picture.mode.startswith("I") or picture.mode == "F"):
        picture.load()
        return picture
    values = np.nan_to_num(np.asarray(picture))
    if picture.mode.startswith("I;16"):
        small = ((values.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    else:
        largest = values.max()
        top = 1.0 if picture.mode == "F" and largest <= 1 else 255.0 if largest <= 255 else 65535.0
        small = (values.clip(0, top) / np.float32(top) * 255).round().astype(np.uint8)
    return Image.fromarray(small)


def _resizable(picture: Image.Image) -> Image.Image:
    """In a mode whose neighbouring values can be mixed. Without a copy where that is so already: it may be large."""
    if "transparency" in picture.info or picture.mode == "PA":
        return picture.convert("RGBA")
    if picture.mode == "1":
        return picture.convert("L")
    return picture if picture.mode in ("L", "LA", "RGB", "RGBA", "CMYK") else picture.convert("RGB")


def _upright(small: Image.Image, picture: Image.Image) -> Image.Image:
    """Turned as the camera that took the picture says; as it is where that cannot be read."""
    turn = None
    with suppress(*BROKEN):
        turn = TURNS.get(picture.getexif().get(ORIENTATION, 1))
    return small if turn is None else small.transpose(turn)
