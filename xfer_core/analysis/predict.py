"""Predictions of networks for a user's own, unlabelled picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from xfer_core.domains import domain_info
from xfer_core.domains.drawing import extract_strokes, to_grayscale
from xfer_core.domains.shapes import Shape, resize_to
from xfer_core.networks import Network
from xfer_core.problems.problem import Problem
from xfer_core.training.device import CPU
from xfer_core.training.evaluation import predict, to_input

VARIANTS = 8  # ways in which a domain shows one drawing: with other photographs, angles, noise, if it has any


@dataclass(frozen=True)
class Prediction:
    """One network's prediction for one picture.

    Attributes:
        probabilities: class → softmax probability, in the order of the classes.
    """

    probabilities: dict[str, float]

    @property
    def label(self) -> str:
        """The predicted class."""
        return max(self.probabilities, key=self.probabilities.__getitem__)

    @property
    def confidence(self) -> float:
        """The probability of the predicted class."""
        return self.probabilities[self.label]


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread: so few images gain nothing from more, and while a training uses every core, waiting for a
    second thread makes a prediction several times slower."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def classification_tasks(problem: Problem) -> tuple[str, ...]:
    """The classification tasks of a problem. Reads no sample."""
    regressions = problem.regressions()
    return tuple(task for task in problem.tasks if task not in regressions)


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
            rendered[key] = to_problem_input(picture[None], info.shape).expand(VARIANTS, -1, -1, -1)
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


def predict_classes(
    network: Network, problem: Problem, task: str, pictures: Mapping[str, Tensor]
) -> dict[str, Prediction]:
    """A network's prediction for each of these pictures, in one pass on the CPU.

    Args:
        network: on the CPU.
        problem: that it was trained on.
        task: one of its classification tasks.
        pictures: name → uint8 (1, C, H, W), of any shape.
    """
    classes, shape = problem.classes()[task], problem.input_shape()
    images = torch.cat([to_problem_input(picture, shape) for picture in pictures.values()])
    logits = predict(network, to_input(images, CPU), CPU, "float32")[task]
    return {
        name: Prediction(dict(zip(classes, row, strict=True)))
        for name, row in zip(pictures, logits.double().softmax(1).tolist(), strict=True)
    }
