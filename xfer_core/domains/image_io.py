"""Reading a picture that somebody hands in: whatever is wrong with it becomes one sentence."""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from xfer_core.errors import XferError

# Format → millions of pixels; more is refused before it is unpacked. While a picture is read, 40 million pixels of a
# PNG or JPEG take up to 240 MB, and 16 million of a WebP, whose decoder keeps several copies, about the same.
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
    """A picture as people see it: turned as the camera says, what is transparent filled with paper.

    It is made small before it is converted and turned: little memory is needed beside what unpacking takes.

    Args:
        content: the file, PNG, JPEG or WebP. Of a moving picture the first one counts.
        name: what an error calls it.
        field: what an error names.

    Returns:
        uint8 (3, H, W), at most 512 pixels a side.

    Raises:
        XferError: ``too_many_pixels``; ``no_picture`` for anything else that cannot be read.
    """
    try:
        with Image.open(io.BytesIO(content), formats=tuple(MEGAPIXELS)) as image:
            found = image.width * image.height / 1e6
            limit = MEGAPIXELS.get(str(image.format), MEGAPIXELS["JPEG"])  # MPO: a JPEG with a second one behind it
            if found > limit:  # known from the header: nothing is unpacked yet
                raise XferError("too_many_pixels", field, f"{name} ({found:.1f})", limit=limit, form=image.format)
            image.draft("RGB", (LONGEST, LONGEST))  # a JPEG can be unpacked small
            small = _opaque(_downscale(image))
            turn = TURNS.get(image.getexif().get(ORIENTATION, 1))
    except XferError:
        raise
    except Exception:  # decoders raise whatever they like when bytes are cut or hostile
        raise XferError("no_picture", field, name) from None
    small.thumbnail((LONGEST, LONGEST))
    upright = small if turn is None else small.transpose(turn)
    return torch.from_numpy(np.asarray(upright).copy()).permute(2, 0, 1)


def count_frames(content: bytes) -> int:
    """How many pictures a file holds, of which :func:`read_image` takes the first: more than 1 where it moves, or
    where a camera put a second one behind it; 1 where that cannot be told."""
    try:
        with Image.open(io.BytesIO(content), formats=tuple(MEGAPIXELS)) as image:
            return int(getattr(image, "n_frames", 1))
    except Exception:  # as above
        return 1


def _downscale(image: Image.Image) -> Image.Image:
    """The picture in 8 bits, RGB or RGBA, its longer side below four times ``LONGEST``.

    Blocks of pixels become their mean, colours weighted by opacity; a strip of the picture at a time, for a whole one
    in another mode would lie in memory beside the first.
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
    """The values that stand for black and for white; None where they are 0 and 255, as Pillow takes them to be.

    16 bits reach from 0 to 65535. 32-bit integers are taken for 16-bit values, and floats for 0…1 or 0…255, if all of
    them lie there; else the least value is black and the greatest is white.
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
    """A picture of one band, its values from ``black`` to ``white`` brought to 0…255: mode L."""
    values = (np.asarray(image).astype(np.float64) - black) * (255 / (white - black))
    return Image.fromarray(values.round().clip(0, 255).astype(np.uint8))


def _opaque(image: Image.Image) -> Image.Image:
    """The picture, RGB or RGBA, on white paper; on black, if what there is of it is bright."""
    if image.mode == "RGB":
        return image
    opacity = np.asarray(image.getchannel("A")) / 255
    brightness = np.average(np.asarray(image.convert("L")), weights=opacity) if opacity.any() else 0
    paper = Image.new("RGBA", image.size, "white" if brightness < 128 else "black")
    return Image.alpha_composite(paper, image).convert("RGB")
