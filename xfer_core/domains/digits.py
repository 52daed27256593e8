"""Real handwritten digits, and the domains that are made from them.

The examples are the 1,797 digits of 8×8 pixels that scikit-learn ships (UCI optical recognition of handwritten digits,
test part). Every domain renders them in its own style, as 3×32×32 uint8; the same call gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from pydantic import Field
from torch import Tensor

from xfer_core.domains.base import Card, Domain, DomainInfo, Parameters, Task
from xfer_core.domains.once import once
from xfer_core.domains.tilt import UNITS, tilt_task
from xfer_core.modalities import ImageInput
from xfer_core.modalities.image.drawing import center_and_scale
from xfer_core.modalities.image.resizing import to_uint8

SIZE = 32
WIDEST = 24  # of these pixels: six of the eight columns of an example
INK = 0.305  # mean of all pixels of the examples, where 1 is white
UCI = "UCI optical recognition of handwritten digits (Alpaydin and Kaynak, 1998), as shipped with scikit-learn"
PHOTOS = "two photographs shipped with scikit-learn (china.jpg by Yannis Papastefanatos, flower.jpg by Till Niermann)"


@once
def load_digits() -> tuple[np.ndarray, np.ndarray]:
    """Pixels in 0…1, float32 (1797, 8, 8), and the digit of each, int64 (1797,)."""
    rows = np.loadtxt(shipped_file("data/digits.csv.gz"), delimiter=",")
    return (rows[:, :-1] / 16).astype(np.float32).reshape(-1, 8, 8), rows[:, -1].astype(np.int64)


@once
def read_photographs() -> tuple[np.ndarray, ...]:
    """The two photographs, uint8 (H, W, 3), at half their size so that a 32-pixel crop has some structure."""
    photographs = (np.asarray(Image.open(shipped_file(f"images/{name}.jpg"))) for name in ("china", "flower"))
    return tuple(photograph[::2, ::2] for photograph in photographs)


def shipped_file(name: str) -> Path:
    """A file of scikit-learn's data sets. Importing scikit-learn to read it would cost every server and every worker
    factory a second of processor time."""
    found = find_spec("sklearn")
    assert found
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0]) / "datasets" / name


def _white(grey: Tensor, parameters: None) -> Tensor:
    return grey.expand(-1, 3, -1, -1)


def _upright(grey: Tensor, parameters: None) -> Tensor:
    return grey


class Photo(Parameters):
    """How digits are blended into photographs."""

    sizes: ClassVar = {"blend": (0, 0.2, 0.4, 0.6, 0.8, 1)}

    blend: float = Field(default=1, ge=0, le=1, title="Blend")
    """How much of the photograph is seen: 0 is none, so white on black."""


def _photo(grey: Tensor, parameters: Photo) -> Tensor:
    """|crop − digit| per colour channel: the MNIST-M recipe (Ganin and Lempitsky 2015)."""
    random = np.random.default_rng(1)
    photographs = read_photographs()
    crops = np.empty((len(grey), SIZE, SIZE, 3), dtype=np.uint8)
    for i, which in enumerate(random.integers(len(photographs), size=len(grey))):
        photograph = photographs[which]
        top, left = (random.integers(side - SIZE + 1) for side in photograph.shape[:2])
        crops[i] = photograph[top : top + SIZE, left : left + SIZE]
    crop = torch.from_numpy(crops).permute(0, 3, 1, 2) / 255
    return ((crop if parameters.blend == 1 else parameters.blend * crop) - grey).abs()


class Rotation(Parameters):
    """How far digits are rotated, counter-clockwise."""

    sizes: ClassVar = {"degrees": (0, 15, 30, 45, 60, 90), "spread": (0, 15, 30, 45, 90, 180)}

    degrees: float = Field(default=45, ge=-180, le=180, title="Angle in degrees")
    """The mean angle of the digits, to the left."""
    spread: float = Field(default=15, ge=0, le=180, title="Spread of the angle")
    """Each digit has its own angle, at most so many degrees from the mean."""


def _rotated(grey: Tensor, parameters: Rotation) -> Tensor:
    """Each digit rotated by its own angle, uniform about the mean."""
    low, high = parameters.degrees - parameters.spread, parameters.degrees + parameters.spread
    angles = torch.from_numpy(np.random.default_rng(2).uniform(low, high, len(grey))).float().deg2rad()
    cos, sin, zero = angles.cos(), angles.sin(), torch.zeros_like(angles)
    matrix = torch.stack([cos, -sin, zero, sin, cos, zero], 1).view(-1, 2, 3)
    grid = F.affine_grid(matrix, list(grey.shape), align_corners=False)
    return F.grid_sample(grey, grid, align_corners=False)


def _inverted(grey: Tensor, parameters: None) -> Tensor:
    return (1 - grey).expand(-1, 3, -1, -1)


class Noise(Parameters):
    """How strong the noise is."""

    sizes: ClassVar = {"sigma": (0, 0.2, 0.4, 0.6, 0.8, 1)}

    sigma: float = Field(default=0.4, ge=0, le=2, title="Noise")
    """Its standard deviation on each channel, where 1 is from black to white."""


def _noisy(grey: Tensor, parameters: Noise) -> Tensor:
    """Gaussian noise on every pixel and channel."""
    noise = np.random.default_rng(3).standard_normal((len(grey), 3, SIZE, SIZE), dtype=np.float32)
    return grey + parameters.sigma * torch.from_numpy(noise)


Render = Callable[[Tensor, Any], Tensor]


def _enlarged(pixels: Tensor) -> Tensor:
    """Grey images in 0…1, (N, 1, 8, 8), to (N, 1, 32, 32), bicubic."""
    return F.interpolate(pixels, size=SIZE, mode="bicubic").clamp(0, 1)


def render_drawing(
    render: Render, turn: Render, ink: Tensor, ways: int, parameters: Parameters | None = None
) -> Tensor:
    """A drawing in the style of a domain of digits, uint8 (ways, 3, 32, 32).

    Made as the examples were: the digit fills 32×32 pixels, and the mean of every 4×4 becomes a pixel. All 1,797 fill
    the eight rows; 92 % take six columns or less, so wider drawings are squeezed to six; and ink covers about three
    tenths of each example, so a thin stroke is brightened to that mean.

    Args:
        render: as in :func:`build_domain`.
        turn: as in :func:`build_domain`.
        ink: bright on black, float (1, 1, H, W) in 0…1.
        ways: number of variants, each with its own photograph, angle or noise.
        parameters: of the domain.
    """
    pixels = F.avg_pool2d(center_and_scale(ink, SIZE, SIZE, WIDEST), 4)  # (1, 1, 8, 8)
    pixels = (pixels * max(1.0, INK / float(pixels.mean()))).clamp_max(1)
    return to_uint8(render(turn(_enlarged(pixels).expand(ways, -1, -1, -1), parameters), parameters))


def build_domain(
    key: str,
    card: Card,
    render: Render,
    digits: range = range(10),
    turn: Render = _upright,
    parameters: Parameters | None = None,
) -> Domain:
    """One domain of digits.

    Args:
        key: the domain's name.
        card: its origin.
        render: grey images in 0…1, float (N, 1, 32, 32), and parameters to colour images, (N, 3, 32, 32).
        digits: the classes of the domain.
        turn: a change of the shape before ``render``, grey images and parameters to grey images.
        parameters: of ``render`` and ``turn``.
    """
    pixels, labels = load_digits()
    chosen = np.isin(labels, list(digits))
    grey = turn(_enlarged(torch.from_numpy(pixels[chosen])[:, None]), parameters)
    digit = torch.from_numpy(labels[chosen])
    return Domain(
        key=key,
        card=card,
        pool="scikit-learn digits",
        inputs=to_uint8(render(grey, parameters)),
        example_ids=torch.from_numpy(np.flatnonzero(chosen)),
        tasks={
            "digit": Task("digit", digit - digits.start, tuple(str(d) for d in digits)),
            "parity": Task("parity", digit % 2, ("even", "odd")),
            "tilt": tilt_task(grey),
        },
    )


def _card(title: str, description: str, recipe: str, source: str = UCI) -> Card:
    return Card(title, description, source, "CC BY 4.0", recipe)


def _info(
    key: str,
    card: Card,
    render: Render,
    digits: range = range(10),
    turn: Render = _upright,
    parameters: Parameters | None = None,
) -> DomainInfo:
    held = sum(PER_DIGIT[digit] for digit in digits)
    tasks = {"digit": tuple(str(d) for d in digits), "parity": ("even", "odd"), "tilt": ()}
    return DomainInfo(
        card=card,
        samples=held,
        spec=ImageInput(3, SIZE, SIZE),
        tasks=tasks,
        units=UNITS,
        build=partial(build_domain, key, card, render, digits, turn, parameters=parameters),
        render=partial(render_drawing, render, turn, parameters=parameters),
        parameters=parameters,
    )


PER_DIGIT = (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)  # examples of each digit that scikit-learn ships
ENLARGED = "enlarged from 8×8 to 32×32 (bicubic)"

DOMAINS: dict[str, DomainInfo] = {
    key: _info(key, card, render, **dict(*shape))
    for key, card, render, *shape in (
        (
            "digits.handwritten",
            _card("Handwritten digits", "Digits that people wrote with a pen, white on black.", ENLARGED),
            _white,
        ),
        (
            "digits.photo",
            _card(
                "Digits on photographs",
                "The same kind of digits, blended into colour photographs: hard to see, even for you.",
                f"{ENLARGED}, then the absolute difference with a random crop of a photograph",
                f"{UCI}; {PHOTOS}",
            ),
            _photo,
            {"parameters": Photo()},
        ),
        (
            "digits.rotated",
            _card("Rotated digits", "Digits rotated to the left by 30° to 60°.", f"{ENLARGED}, then rotated"),
            _white,
            {"turn": _rotated, "parameters": Rotation()},
        ),
        (
            "digits.inverted",
            _card("Inverted digits", "Black digits on white.", f"{ENLARGED}, then 255 − value"),
            _inverted,
        ),
        (
            "digits.noisy",
            _card(
                "Noisy digits",
                "Digits under strong colour noise.",
                f"{ENLARGED}, then Gaussian noise (standard deviation 102 of 255) on each channel",
            ),
            _noisy,
            {"parameters": Noise()},
        ),
        (
            "digits.low",
            _card("Digits 0–4", "Only the handwritten digits zero to four.", f"{ENLARGED}, digits 0–4"),
            _white,
            {"digits": range(5)},
        ),
        (
            "digits.high",
            _card("Digits 5–9", "Only the handwritten digits five to nine.", f"{ENLARGED}, digits 5–9"),
            _white,
            {"digits": range(5, 10)},
        ),
    )
}
