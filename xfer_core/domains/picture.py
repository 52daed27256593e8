"""Reading a picture that somebody hands in: whatever is wrong with it becomes one sentence."""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from xfer_core.errors import XferError

FORMATS = ("PNG", "JPEG", "WEBP")
MEGAPIXELS = 40  # what a telephone takes; more is refused before it is unpacked
LONGEST = 512  # pixels to which a larger picture is reduced


def read_picture(content: bytes, name: str, field: str = "picture") -> Tensor:
    """A picture as people see it: turned as the camera says, what is transparent filled with paper.

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
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            found = image.width * image.height / 1e6
            if found > MEGAPIXELS:  # known from the header: nothing is unpacked yet
                raise XferError("too_many_pixels", field, f"{name} ({found:.0f})", limit=MEGAPIXELS)
            image.draft("RGB", (LONGEST, LONGEST))  # a JPEG can be unpacked small
            upright = _opaque(ImageOps.exif_transpose(image))
    except XferError:
        raise
    except Exception:  # decoders raise whatever they like when bytes are cut or hostile
        raise XferError("no_picture", field, name) from None
    upright.thumbnail((LONGEST, LONGEST))
    return torch.from_numpy(np.asarray(upright).copy()).permute(2, 0, 1)


def _opaque(image: Image.Image) -> Image.Image:
    """The picture on white paper; on black, if what there is of it is bright."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layers = image.convert("RGBA")
    opacity = np.asarray(layers.getchannel("A")) / 255
    brightness = np.average(np.asarray(layers.convert("L")), weights=opacity) if opacity.any() else 0
    paper = Image.new("RGBA", layers.size, "white" if brightness < 128 else "black")
    return Image.alpha_composite(paper, layers).convert("RGB")
