"""Reads an uploaded image; every failure becomes one error message."""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from xfer_core.errors import XferError

# Format → millions of pixels; larger images are rejected before decoding. While an image is read, 40 million pixels of
# a PNG or JPEG take up to 240 MB, and 16 million of a WebP, whose decoder keeps several copies, about the same.
MEGAPIXELS = {"PNG": 40, "JPEG": 40, "WEBP": 16}
LONGEST = 512  # pixels to which a larger picture is reduced
STRIP = 1 << 20  # pixels that are converted at a time
ORIENTATION = 0x0112  # EXIF tag: how the camera was held
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_image(content: bytes, name: str, field: str = "picture") -> Tensor:
    """An image as people see it: rotated by its EXIF orientation, transparent parts filled with white or black.

    It is reduced before it is converted and rotated, so that little memory is needed beyond that of the decoder.

    Args:
        content: the file, PNG, JPEG or WebP. Of an animation the first frame is used.
        name: its name in an error.
        field: the field named in an error.

    Returns:
        uint8 (3, H, W), at most 512 pixels a side.

    Raises:
        XferError: ``too_many_pixels``; ``no_picture`` for anything else that cannot be read.
    """
    try:
        with Image.open(io.BytesIO(content), formats=tuple(MEGAPIXELS)) as image:
            found = image.width * image.height / 1e6
            limit = MEGAPIXELS.get(str(image.format), MEGAPIXELS["JPEG"])  # MPO: a JPEG followed by a second one
            if found > limit:  # known from the header: nothing is decoded yet
                raise XferError("too_many_pixels", field, f"{name} ({found:.1f})", limit=limit, form=image.format)
            image.draft("RGB", (LONGEST, LONGEST))  # a JPEG can be decoded at a smaller size
            small = _opaque(_downscale(image))
            turn = TURNS.get(image.getexif().get(ORIENTATION, 1))
    except XferError:
        raise
    except Exception:  # decoders raise any exception for truncated or hostile bytes
        raise XferError("no_picture", field, name) from None
    small.thumbnail((LONGEST, LONGEST))
    upright = small if turn is None else small.transpose(turn)
    return torch.from_numpy(np.asarray(upright).copy()).permute(2, 0, 1)


def count_frames(content: bytes) -> int:
    """The number of images in a file, of which :func:`read_image` reads the first: above 1 for an animation, or if a
    camera appended a second image; 1 if it cannot be determined."""
    try:
        with Image.open(io.BytesIO(content), formats=tuple(MEGAPIXELS)) as image:
            return int(getattr(image, "n_frames", 1))
    except Exception:  # as above
        return 1


def _downscale(image: Image.Image) -> Image.Image:
    """The image in 8 bits, RGB or RGBA, its longer side below four times ``LONGEST``.

    Blocks of pixels become their mean, colours weighted by opacity; one strip of the image at a time, because a whole
    converted copy would need memory beside the original.
    """
    image.load()
    black_white = value_range(image)
    mode = "RGBa" if image.has_transparency_data and black_white is None else "RGB"  # RGBa: colour times opacity
    factor = max(1, max(image.size) // (2 * LONGEST))
    small = Image.new(mode, (-(-image.width // factor), -(-image.height // factor)))
    rows = factor * max(1, STRIP // (image.width * factor))
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        if black_white is not None:
            strip = to_uint8(strip, *black_white)
        strip = strip.convert("RGBA").convert("RGBa") if mode == "RGBa" else strip.convert("RGB")
        small.paste(strip.reduce(factor), (0, top // factor))
    return small.convert("RGBA") if mode == "RGBa" else small


def value_range(image: Image.Image) -> tuple[float, float] | None:
    """The values of black and white; None if they are 0 and 255, as Pillow assumes.

    16 bits range from 0 to 65535. 32-bit integers are read as 16-bit values, and floats as 0…1 or 0…255, if all of
    them are in that range; else the minimum is black and the maximum is white.
    """
    if image.mode.startswith("I;16"):
        return 0, 65535
    usual = {"I": (65535,), "F": (1, 255)}.get(image.mode)
    if usual is None:
        return None
    least, most = (float(value) for value in image.getextrema())  # pyright: ignore[reportArgumentType] - one band
    for white in usual:
        if least >= 0 and most <= white:
            return 0, white
    return least, max(most, least + 1e-6)


def to_uint8(image: Image.Image, black: float, white: float) -> Image.Image:
    """An image of one band, its values from ``black`` to ``white`` scaled to 0…255: mode L."""
    values = (np.asarray(image).astype(np.float64) - black) * (255 / (white - black))
    return Image.fromarray(values.round().clip(0, 255).astype(np.uint8))


def _opaque(image: Image.Image) -> Image.Image:
    """The image, RGB or RGBA, on a white background; on black, if its opaque part is bright."""
    if image.mode == "RGB":
        return image
    opacity = np.asarray(image.getchannel("A")) / 255
    brightness = np.average(np.asarray(image.convert("L")), weights=opacity) if opacity.any() else 0
    paper = Image.new("RGBA", image.size, "white" if brightness < 128 else "black")
    return Image.alpha_composite(paper, image).convert("RGB")
