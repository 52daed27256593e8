"""Printed digits: rendered in two font families, each image with its own elastic distortion.

Every image is drawn from one of 12 fonts (Caladea, with serifs, and Lato, without, light to black, upright and italic),
rotated, sheared, scaled, shifted and distorted elastically, as 3×32×32 uint8, white on black. The same call gives the
same bytes with the same version of the font renderer.
"""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from xfer_core.domains.base import Card, Domain, DomainInfo, Task
from xfer_core.domains.tilt import UNITS, tilt_task
from xfer_core.errors import XferError
from xfer_core.modalities import ImageInput
from xfer_core.modalities.image.drawing import center_and_scale
from xfer_core.modalities.image.resizing import to_uint8

KEY = "digits.printed"
COUNT = 1800
SIZE = 32
CANVAS = 64  # pixels per side of a glyph before it is distorted
TYPE_SIZE = 72  # of these pixels: a digit is about 26 of the 32 high
HIGH = 26
FAMILIES = {"font_caladea": "font-caladea", "font_lato": "font-lato"}  # module → package
TOO_FINE = "Thin"  # fonts whose strokes almost disappear at 32 pixels
# Each image draws its own values, uniform within ± these around the font's own form.
TURN = 20.0  # degrees
SHEAR = 0.35  # pixels to the side per pixel of height
SCALE = 0.2  # of the logarithm, for width and height separately
SHIFT = 2.0  # pixels of the 32
BEND = 1.0  # pixels of the 32: standard deviation of the shift of each of 5×5 points; smooth in between
POINTS = 5


def fonts() -> list[Path]:
    """The font files, in a fixed order.

    Raises:
        XferError: ``no_package``, naming the package that is missing.
    """
    found: list[Path] = []
    for module, package in FAMILIES.items():
        spec = find_spec(module)
        if spec is None or not spec.submodule_search_locations:
            raise XferError("no_package", "domain", KEY, package=package)
        found += sorted(Path(spec.submodule_search_locations[0], "files").glob("*.ttf"))
    return [file for file in found if TOO_FINE not in file.name]


def render_glyphs(files: list[Path]) -> Tensor:
    """Every digit of every font, its ink centred: float in 0…1, (fonts, 10, 64, 64).

    Each pixel is the mean of 3×3, so that an image of half the size can be sampled without aliasing.
    """
    from PIL import Image, ImageChops, ImageDraw, ImageFont

    drawn = np.empty((len(files), 10, CANVAS, CANVAS), dtype=np.uint8)
    for row, file in zip(drawn, files, strict=True):
        font = ImageFont.truetype(str(file), TYPE_SIZE, layout_engine=ImageFont.Layout.BASIC)
        for digit in range(10):
            image = Image.new("L", (CANVAS, CANVAS))
            ImageDraw.Draw(image).text((CANVAS / 2, CANVAS / 2), str(digit), font=font, fill=255, anchor="mm")
            left, top, right, bottom = image.getbbox() or (0, 0, CANVAS, CANVAS)
            centred = ImageChops.offset(image, (CANVAS - left - right) // 2, (CANVAS - top - bottom) // 2)
            row[digit] = np.asarray(centred)
    return F.avg_pool2d(torch.from_numpy(drawn) / 255, 3, stride=1, padding=1)


def elastic_distort(images: Tensor, random: np.random.Generator) -> Tensor:
    """Each image rotated, sheared, scaled, shifted and distorted elastically with its own random values.

    Args:
        images: float (N, 1, 64, 64).
        random: source of the random values.

    Returns:
        float (N, 1, 32, 32).
    """
    count = len(images)

    def draw(limit: float) -> Tensor:
        return torch.from_numpy(random.uniform(-limit, limit, count)).float()

    turn, shear, wider, taller = draw(np.radians(TURN)), draw(SHEAR), draw(SCALE).exp(), draw(SCALE).exp()
    right, down = draw(2 * SHIFT / SIZE), draw(2 * SHIFT / SIZE)  # grids span −1…1
    cos, sin = turn.cos(), turn.sin()
    # From a point in the new image to the point in the old one: rotated, sheared, then scaled, shifted.
    matrix = torch.stack(
        [
            torch.stack([(cos + shear * sin) / wider, (shear * cos - sin) / wider, right], 1),
            torch.stack([sin / taller, cos / taller, down], 1),
        ],
        1,
    )
    grid = F.affine_grid(matrix, [count, 1, SIZE, SIZE], align_corners=False)
    moved = random.standard_normal((count, 2, POINTS, POINTS), dtype=np.float32) * (2 * BEND / SIZE)
    smooth = F.interpolate(torch.from_numpy(moved), size=SIZE, mode="bicubic", align_corners=True)
    return F.grid_sample(images, grid + smooth.permute(0, 2, 3, 1), align_corners=False)


def build_domain(key: str, card: Card) -> Domain:
    """The domain: the same number of images of each digit, the fonts drawn at random.

    Raises:
        XferError: ``no_package``.
    """
    drawn = render_glyphs(fonts())
    random = np.random.default_rng(4)
    digit = torch.arange(COUNT) % 10
    face = torch.from_numpy(random.integers(len(drawn), size=COUNT))
    grey = elastic_distort(drawn[face, digit][:, None], random)
    return Domain(
        key=key,
        card=card,
        pool="printed digits",
        inputs=to_uint8(grey).expand(-1, 3, -1, -1).contiguous(),
        example_ids=torch.arange(COUNT),
        tasks={
            "digit": Task("digit", digit, tuple("0123456789")),
            "parity": Task("parity", digit % 2, ("even", "odd")),
            "tilt": tilt_task(grey),
        },
    )


def render_drawing(ink: Tensor, ways: int) -> Tensor:
    """A drawing in the size of the printed digits, white on black: uint8 (ways, 3, 32, 32)."""
    return to_uint8(center_and_scale(ink, SIZE, HIGH)).expand(ways, 3, -1, -1)


CARD = Card(
    title="Printed digits",
    description="Printed digits in 12 fonts, distorted as if on crumpled paper, white on black.",
    source="the typefaces Caladea (Carolina Giovagnoli and Andrés Torresi) and Lato (Łukasz Dziedzic)",
    licence="Apache 2.0 (Caladea) and SIL OFL 1.1 (Lato)",
    recipe=(
        f"one of 12 fonts, rotated by up to {TURN:.0f}°, sheared by up to {SHEAR}, scaled by up to a factor of "
        f"{np.exp(SCALE):.2f} in width and height, shifted by up to {SHIFT:.0f} pixels, then distorted: "
        f"{POINTS}×{POINTS} points moved by normally distributed steps (standard deviation {BEND:.0f} pixel)"
    ),
)
DOMAINS: dict[str, DomainInfo] = {
    KEY: DomainInfo(
        card=CARD,
        samples=COUNT,
        spec=ImageInput(3, SIZE, SIZE),
        tasks={"digit": tuple("0123456789"), "parity": ("even", "odd"), "tilt": ()},
        units=UNITS,
        build=partial(build_domain, KEY, CARD),
        render=render_drawing,
    )
}
