"""A user's own picture as each domain would show it, and as the input of a problem of images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from xfer_core.analysis.predict import Prediction, predict_classes
from xfer_core.domains import domain_info
from xfer_core.modalities import ImageInput, InputSpec
from xfer_core.modalities.image.drawing import extract_strokes, to_grayscale
from xfer_core.modalities.image.resizing import Shape, resize_to
from xfer_core.networks import Network
from xfer_core.problems.problem import Problem

VARIANTS = 8  # ways in which a domain shows one drawing: with other photographs, angles, noise, if it has any


def render_variants(picture: Tensor, keys: Iterable[str]) -> dict[str, Tensor]:
    """One picture in the style of each domain.

    A domain that can render drawings renders the strokes of the picture in its own style; any other gets the picture
    unchanged, in its own size.

    Args:
        picture: uint8 (C, H, W), one or three channels.
        keys: the domains.

    Returns:
        domain → uint8 (``VARIANTS``, C, H, W) in that domain's shape; all equal if the domain has only one rendering.

    Raises:
        XferError: ``no_ink``, if some domain renders drawings and this picture has no strokes.
    """
    infos = {key: domain_info(key) for key in keys}
    ink = extract_strokes(picture) if any(info.render for info in infos.values()) else None
    rendered = {}
    for key, info in infos.items():
        if info.render is None or ink is None:
            rendered[key] = to_problem_input(picture[None], image_shape(info.spec)).expand(VARIANTS, -1, -1, -1)
        else:
            rendered[key] = info.render(ink, VARIANTS)
    return rendered


def to_problem_input(images: Tensor, shape: Shape) -> Tensor:
    """Images resized to a problem's input shape, as for training; coloured ones become grey for a grey problem.

    Args:
        images: uint8 (N, C, H, W).
        shape: (C, H, W) of every input of the problem.
    """
    if len(images[0]) == 3 and shape[0] == 1:
        images = torch.stack([(255 * to_grayscale(image)).round().to(torch.uint8)[None] for image in images])
    return resize_to(images, shape)


def image_shape(spec: InputSpec) -> Shape:
    """(C, H, W) of inputs that are images."""
    assert isinstance(spec, ImageInput)
    return spec.shape


def predict_pictures(
    network: Network,
    problem: Problem,
    task: str,
    pictures: Mapping[str, Tensor],
    temperatures: Mapping[str, float] | None = None,
) -> dict[str, Prediction]:
    """A network's prediction for each of these pictures, in one pass on the CPU.

    Args:
        network: on the CPU.
        problem: of images, that it was trained on.
        task: one of its classification tasks.
        pictures: name → uint8 (1, C, H, W), of any shape.
        temperatures: as of :func:`predict_classes`.
    """
    shape = image_shape(network.spec)
    inputs = {name: to_problem_input(picture, shape) for name, picture in pictures.items()}
    return predict_classes(network, problem, task, inputs, temperatures)
