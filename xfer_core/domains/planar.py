"""Points in the plane: two numbers and a class, so that a boundary and a shift can be seen.

The same call gives the same points. Parameters rotate, scale and shift the plane, change the noise, and leave out
points of some classes; a domain and its variants share the points before noise, so that no point is used twice in one
problem. The points of one domain are drawn by a person (:mod:`xfer_core.domains.drawn_points`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import AfterValidator, Field

from xfer_core.domains.base import Card, Domain, DomainInfo, Parameters, Task
from xfer_core.domains.drawn_points import CLASSES, decode_points, encode_points
from xfer_core.modalities import Column, TableInput

COUNT = 2000
DRAWN = "planar.drawn"
CLOUD = 0.03  # standard deviation around a drawn point, beside the noise: no sample is there twice
SPEC = TableInput((Column("x"), Column("y")))
Shape = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]


class Plane(Parameters):
    """Changes of the plane, applied in the order noise, scale, rotation, shift, and then of the balance of classes."""

    sizes: ClassVar = {
        "rotate": (0, 15, 30, 45, 60, 90),
        "noise": (0.15, 0.25, 0.35, 0.5, 0.75, 1),
        "scale": (1, 1.25, 1.5, 2, 3, 4),
        "shift_x": (0, 0.5, 1, 1.5, 2, 3),
        "shift_y": (0, 0.5, 1, 1.5, 2, 3),
        "balance": (1, 0.8, 0.6, 0.4, 0.2, 0.1),
    }

    noise: float = Field(default=0.15, ge=0, le=2, title="Noise")
    """Standard deviation of each coordinate."""
    scale: float = Field(default=1, ge=0.1, le=10, title="Scale")
    """Factor of both coordinates."""
    rotate: float = Field(default=0, ge=-180, le=180, title="Rotation in degrees")
    """About the origin, counter-clockwise."""
    shift_x: float = Field(default=0, ge=-10, le=10, title="Shift to the right")
    """Added to x."""
    shift_y: float = Field(default=0, ge=-10, le=10, title="Shift upwards")
    """Added to y."""
    balance: float = Field(default=1, ge=0.05, le=20, title="Samples of the first class for one of another")
    """Below 1 samples of the first class are left out, above 1 those of every other class: a label shift, in which no
    point moves."""

    def class_sizes(self, samples: int, classes: int) -> list[int]:
        """How many samples of each class are left of so many, which are as many of each class."""
        shares = [min(1.0, self.balance), *[min(1.0, 1 / self.balance)] * (classes - 1)]
        return [round(share * len(range(label, samples, classes))) for label, share in enumerate(shares)]

    def samples_left(self, samples: int, classes: int) -> int:
        """The sum of :meth:`class_sizes`."""
        return sum(self.class_sizes(samples, classes))


def _checked(text: str) -> str:
    decode_points(text)
    return text


Drawing = Annotated[str, AfterValidator(_checked)]
"""The text of a drawing."""

WAVE = tuple((side, x, np.sin(2 * x) + (0.6 - 1.2 * side)) for side in (0, 1) for x in np.linspace(-1.7, 1.7, 12))
WAVE_TEXT = encode_points([place for _side, *place in WAVE], [side for side, *_place in WAVE])  # above and below a wave


class DrawnPlane(Plane):
    """Points that a person drew, and changes of the plane."""

    points: Drawing = Field(default=WAVE_TEXT, title="Points")
    """A drawing, as the page Playground writes it."""

    def tasks(self, tasks: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """The same, with the classes of the drawing."""
        return {name: CLASSES[: decode_points(self.points)[1].max() + 1] for name in tasks}


def _drawn(random: np.random.Generator, drawing: str = WAVE_TEXT) -> tuple[np.ndarray, np.ndarray]:
    """Clouds around the points that were drawn, as many samples of each class."""
    points, labels = decode_points(drawing)
    label = np.arange(COUNT) % (labels.max() + 1)
    turn = np.arange(COUNT) // (labels.max() + 1)
    counts = np.bincount(labels)
    chosen = np.concatenate([[0], counts.cumsum()])[label] + turn % counts[label]
    return points[chosen] + CLOUD * random.standard_normal((COUNT, 2)), label


def _moons(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two half circles that reach into each other, centred on the origin."""
    label, angle = np.arange(COUNT) % 2, random.uniform(0, np.pi, COUNT)
    sign = 1 - 2 * label
    return np.stack([np.cos(angle) - sign * 0.5, sign * (np.sin(angle) - 0.25)], 1), label


def _circles(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A circle of radius 0.6 in one of radius 1.3."""
    label, angle = np.arange(COUNT) % 2, random.uniform(0, 2 * np.pi, COUNT)
    radius = np.where(label, 0.6, 1.3)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1), label


def _blobs(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Three clouds on a circle of radius 1."""
    label = np.arange(COUNT) % 3
    angle = 2 * np.pi * label / 3 + np.pi / 2
    spread = 0.25 * random.standard_normal((COUNT, 2))
    return np.stack([np.cos(angle), np.sin(angle)], 1) + spread, label


def _spirals(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two arms, one turn each."""
    label, along = np.arange(COUNT) % 2, np.sqrt(random.uniform(0.04, 1, COUNT))
    angle = 2 * np.pi * along + np.pi * label
    return 1.5 * along[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1), label


def build_domain(
    key: str, card: Card, shape: Shape, number: int, classes: tuple[str, ...], parameters: Plane
) -> Domain:
    """One domain of 2,000 points, or fewer if some are left out.

    Args:
        key: the domain's name.
        card: its origin.
        shape: random generator to points without noise, (N, 2), and their classes, (N,).
        number: of the shape, a part of the random seed.
        classes: names.
        parameters: of the plane.
    """
    points, labels = shape(np.random.default_rng([7, number]))
    order = np.random.default_rng([8, number]).permutation(COUNT)  # classes in random order
    noise = np.random.default_rng([9, number]).standard_normal((COUNT, 2))
    points = (points[order] + parameters.noise * noise) * parameters.scale
    cos, sin = np.cos(np.deg2rad(parameters.rotate)), np.sin(np.deg2rad(parameters.rotate))
    points = points @ np.array([[cos, sin], [-sin, cos]]) + [parameters.shift_x, parameters.shift_y]
    labels = labels[order]
    sizes = parameters.class_sizes(COUNT, len(classes))
    kept = np.sort(np.concatenate([np.flatnonzero(labels == label)[:size] for label, size in enumerate(sizes)]))
    return Domain(
        key=key,
        card=card,
        pool=key,
        inputs=torch.from_numpy(points[kept].astype(np.float32)),
        example_ids=torch.from_numpy(kept),
        tasks={"class": Task("class", torch.from_numpy(labels[kept]), classes)},
    )


def _info(key: str, title: str, description: str, shape: Shape, number: int, classes: tuple[str, ...]) -> DomainInfo:
    card = Card(title, description, "made by this program", "CC0 1.0", " ".join((shape.__doc__ or "").split()))
    return DomainInfo(
        card=card,
        samples=COUNT,
        spec=SPEC,
        tasks={"class": classes},
        build=partial(build_domain, key, card, shape, number, classes, parameters=Plane()),
        parameters=Plane(),
    )


def _build_drawn(card: Card, number: int, parameters: DrawnPlane) -> Domain:
    classes = parameters.tasks({"class": ()})["class"]
    return build_domain(DRAWN, card, partial(_drawn, drawing=parameters.points), number, classes, parameters)


def _drawn_info() -> DomainInfo:
    number, first = len(DOMAINS), DrawnPlane()
    info = _info(DRAWN, "Drawn points", "Points that a person drew.", _drawn, number, CLASSES[:2])
    return replace(info, build=partial(_build_drawn, info.card, number, parameters=first), parameters=first)


DOMAINS: dict[str, DomainInfo] = {
    key: _info(key, title, description, shape, number, classes)
    for number, (key, title, description, shape, classes) in enumerate(
        (
            ("planar.moons", "Moons", "Points on two half circles that reach into each other.", _moons, ("a", "b")),
            ("planar.circles", "Circles", "Points on a circle within a circle.", _circles, ("a", "b")),
            ("planar.blobs", "Blobs", "Points in three round clouds.", _blobs, ("a", "b", "c")),
            ("planar.spirals", "Spirals", "Points on two arms of a spiral.", _spirals, ("a", "b")),
        )
    )
}
DOMAINS[DRAWN] = _drawn_info()
