"""What networks say to a picture that nobody labelled."""

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
    """What one network says to one picture.

    Attributes:
        probabilities: class → what the softmax gives it, in the order of the classes; the sum is 1.
    """

    probabilities: dict[str, float]

    @property
    def label(self) -> str:
        """The class that it takes the picture for."""
        return max(self.probabilities, key=self.probabilities.__getitem__)

    @property
    def confidence(self) -> float:
        """The probability of that class."""
        return self.probabilities[self.label]


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread: images so few gain nothing from more, and beside a training that has every core, waiting for
    the second thread makes an answer several times slower."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def classification_tasks(problem: Problem) -> tuple[str, ...]:
    """The tasks of a problem whose answer is a class. Reads no sample."""
    numbers = problem.regressions()
    return tuple(task for task in problem.tasks if task not in numbers)


def render_variants(picture: Tensor, keys: Iterable[str]) -> dict[str, Tensor]:
    """One picture as each domain would show it.

    A domain that can show drawings shows the ink of the picture in its own way; any other gets the picture as it is, in
    its own size.

    Args:
        picture: uint8 (C, H, W), one or three channels.
        keys: the domains.

    Returns:
        domain → uint8 (``VARIANTS``, C, H, W) in that domain's shape; all alike where the domain has one way only.

    Raises:
        XferError: ``no_ink``, if some domain shows drawings and there is nothing in this one.
    """
    offers = {key: domain_info(key) for key in keys}
    ink = extract_strokes(picture) if any(offer.render for offer in offers.values()) else None
    shown = {}
    for key, offer in offers.items():
        if offer.render is None or ink is None:
            shown[key] = to_problem_input(picture[None], offer.shape).expand(VARIANTS, -1, -1, -1)
        else:
            shown[key] = offer.render(ink, VARIANTS)
    return shown


def to_problem_input(images: Tensor, shape: Shape) -> Tensor:
    """Images in a problem's shape, as when it is dealt; coloured ones become grey where it is grey.

    Args:
        images: uint8 (N, C, H, W).
        shape: (C, H, W) of every image of the problem.
    """
    if len(images[0]) == 3 and shape[0] == 1:
        images = torch.stack([(255 * to_grayscale(image)).round().to(torch.uint8)[None] for image in images])
    return resize_to(images, shape)


def predict_classes(
    network: Network, problem: Problem, task: str, pictures: Mapping[str, Tensor]
) -> dict[str, Prediction]:
    """What a network says to each of these pictures, in one pass on the processor.

    Args:
        network: on the CPU.
        problem: what it was trained on.
        task: one of its classifications.
        pictures: name → uint8 (1, C, H, W), of any shape.
    """
    classes, shape = problem.classes()[task], problem.input_shape()
    images = torch.cat([to_problem_input(picture, shape) for picture in pictures.values()])
    logits = predict(network, to_input(images, CPU), CPU, "float32")[task]
    return {
        name: Prediction(dict(zip(classes, row, strict=True)))
        for name, row in zip(pictures, logits.double().softmax(1).tolist(), strict=True)
    }
