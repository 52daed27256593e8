"""Views: the same images darker, noisier, nearer or mirrored, as parameters of every domain of images, own ones too.

A domain of images that has no parameters of its own has these: ``cifar10?light=0.3&noise=0.03``. A view is another
domain made from the same examples, so a problem that names both gives no example to both.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from xfer_core.domains.base import Domain, DomainInfo, Parameters
from xfer_core.domains.reference import key_of, make_reference

CHUNK = 1000  # images at a time: as floats they take four times the memory


class View(Parameters):
    """How the images are changed; the defaults leave them as they are."""

    sizes: ClassVar = {"light": (1, 0.8, 0.6, 0.4, 0.2), "noise": (0, 0.1, 0.2, 0.3, 0.4), "zoom": (1, 1.25, 1.5, 2)}

    light: float = Field(default=1, ge=0, le=2, title="Brightness")
    """Each pixel is multiplied by it: 0.5 is half as bright."""
    noise: float = Field(default=0, ge=0, le=1, title="Noise")
    """Standard deviation of Gaussian noise on each pixel and channel, where 1 is from black to white."""
    zoom: float = Field(default=1, ge=1, le=4, title="Zoom")
    """The middle of each image, enlarged so many times."""
    mirrored: float = Field(default=0, ge=0, le=1, title="Mirrored")
    """The part of the images that is mirrored, left to right. Values such as a tilt are left out then."""
    again: int = Field(default=0, ge=0, le=1, title="Copy")
    """1 is a copy of the domain under another name: the same images, and in a problem the same split of them."""


def render_view(images: Tensor, view: View, seed: int = 7) -> Tensor:
    """The images in this view, uint8 (N, C, H, W); the same call gives the same bytes.

    Args:
        images: uint8 (N, C, H, W).
        view: how they are changed.
        seed: of the noise, and of the choice of those that are mirrored.
    """
    if view == View(again=view.again):
        return images
    random = np.random.default_rng(seed)
    flipped = torch.from_numpy(random.random(len(images)) < view.mirrored)
    parts: list[Tensor] = []
    for part, flip in zip(images.split(CHUNK), flipped.split(CHUNK), strict=True):
        values = torch.where(flip[:, None, None, None], part.flip(3), part).float() / 255
        if view.zoom != 1:
            values = _zoomed(values, view.zoom)
        values = values * view.light
        if view.noise:
            noise = random.standard_normal(tuple(values.shape), dtype=np.float32)
            values = values + view.noise * torch.from_numpy(noise)
        parts.append((values.clamp(0, 1) * 255).round().to(torch.uint8))
    return torch.cat(parts)


def _zoomed(values: Tensor, zoom: float) -> Tensor:
    """The middle of each image, enlarged (bilinear)."""
    matrix = torch.tensor([[1 / zoom, 0, 0], [0, 1 / zoom, 0]]).expand(len(values), -1, -1)
    grid = F.affine_grid(matrix, list(values.shape), align_corners=False)
    return F.grid_sample(values, grid, padding_mode="border", align_corners=False)


def with_views(info: DomainInfo) -> DomainInfo:
    """The domain with the parameters of :class:`View`, if it is one of images without parameters; else itself."""
    if info.parameters is not None or info.spec.modality != "image":
        return info
    build, render = info.build, info.render

    def build_view(parameters: View) -> Domain:
        domain = build()
        if parameters == View():
            return domain
        tasks = {name: task for name, task in domain.tasks.items() if task.classes or not parameters.mirrored}
        return replace(domain, inputs=render_view(domain.inputs, parameters), tasks=tasks)

    def render_drawing(ink: Tensor, ways: int, parameters: View) -> Tensor:
        assert render is not None
        return render_view(render(ink, ways), parameters)

    return replace(info, build=build_view, render=render_drawing if render else None, parameters=View())


def of_view(info: DomainInfo) -> DomainInfo:
    """The metadata of a bound domain: a mirrored one has no regressions, whose values may change in a mirror."""
    if not isinstance(info.parameters, View) or not info.parameters.mirrored:
        return info
    tasks = {name: classes for name, classes in info.tasks.items() if classes}
    return replace(info, tasks=tasks, units={})


def copied_from(reference: str, parameters: Parameters | None) -> str:
    """The domain of which this one is a copy with the same examples; itself if it is none.

    Args:
        reference: the domain.
        parameters: those of the reference.
    """
    if not isinstance(parameters, View) or not parameters.again:
        return reference
    return make_reference(key_of(reference), parameters.model_copy(update={"again": 0}))
