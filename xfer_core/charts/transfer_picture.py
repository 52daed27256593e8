"""Diagrams that explain a race before it starts: the two domains, and each network's training data."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from xfer_core.charts.image_grid import image_grid, png_uri
from xfer_core.charts.palette import TARGET

IMAGES, SIDE, GAP = 2, 46, 4  # images per group, and their size
STAGE, HEIGHT = 256, 112  # width of one phase of training
LAYERS = (4, 5, 3)  # circles of the drawn network


def transfer_picture(source: Tensor, target: Tensor, captions: tuple[str, str], ink: str) -> str:
    """Source samples, an arrow, target samples: an SVG of 1000×226 units.

    Args:
        source, target: uint8 (10, C, H, W), one of each class.
        captions: of both; plain text.
        ink: colour of the captions.
    """
    parts = []
    for left, images, caption in zip((6, 554), (source, target), captions, strict=True):
        uri = png_uri(image_grid(images, 5))
        parts.append(
            f'<text x="{left}" y="24" font-size="26" fill="{ink}">{_escaped(caption)}</text>'
            f'<image href="{uri}" x="{left}" y="42" width="440" height="178" style="image-rendering:pixelated"/>'
        )
    return _svg(1000, 226, "".join(parts) + _arrow(465, 131, 66, TARGET.light, 9))


def lane_picture(stages: Sequence[Sequence[Tensor]], colour: str, ink: str) -> str:
    """The training data of one network: for each phase some images, an arrow, the network.

    Args:
        stages: for each phase the groups of images used together, each uint8 (≥ 2, C, H, W).
        colour: of the network.
        ink: of the arrows.
    """
    parts = []
    for number, groups in enumerate(stages):
        left = number * STAGE
        for row, images in enumerate(groups):
            top = (HEIGHT - len(groups) * (SIDE + GAP)) / 2 + row * (SIDE + GAP)
            for column, image in enumerate(images[:IMAGES]):
                uri = png_uri(image_grid(image[None], 1))
                x = left + column * (SIDE + GAP)
                parts.append(
                    f'<image href="{uri}" x="{x}" y="{top:.0f}" width="{SIDE}" height="{SIDE}" '
                    'style="image-rendering:pixelated"/>'
                )
        after = left + IMAGES * (SIDE + GAP)
        parts.append(_arrow(after + 6, HEIGHT / 2, 24, ink, 4))
        parts.append(_network(after + 50, colour))
        if number + 1 < len(stages):
            parts.append(_arrow(after + 122, HEIGHT / 2, 20, ink, 4))
    return _svg(2 * STAGE - 34, HEIGHT, "".join(parts))


def _network(left: float, colour: str) -> str:
    """A drawing of a network with three layers, 60 units wide."""
    places = [
        [(left + 30 * layer, HEIGHT / 2 + (i - (count - 1) / 2) * 22) for i in range(count)]
        for layer, count in enumerate(LAYERS)
    ]
    lines = [
        f'<path d="M{x0:g} {y0:g} L{x1:g} {y1:g}"/>'
        for before, after in pairwise(places)
        for x0, y0 in before
        for x1, y1 in after
    ]
    dots = [f'<circle cx="{x:g}" cy="{y:g}" r="7"/>' for layer in places for x, y in layer]
    return (
        f'<g stroke="{colour}" stroke-width="1.2" opacity="0.55">{"".join(lines)}</g>'
        f'<g fill="{colour}">{"".join(dots)}</g>'
    )


def _arrow(left: float, y: float, length: float, colour: str, width: float) -> str:
    tip, wing = left + length, 2.8 * width
    return (
        f'<g fill="none" stroke="{colour}" stroke-width="{width:g}" stroke-linecap="round" stroke-linejoin="round">'
        f'<path d="M{left:g} {y:g} H{tip:g}"/>'
        f'<path d="M{tip - wing:g} {y - wing:g} L{tip:g} {y:g} L{tip - wing:g} {y + wing:g}"/></g>'
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _svg(width: int, height: int, inner: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'font-family="system-ui, sans-serif" font-weight="600">{inner}</svg>'
    )
