"""Images: what one is, and how images of several domains become inputs of one network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.modalities.base import Encoder, InputSpec
from xfer_core.modalities.image.resizing import resize_to
from xfer_core.modalities.image.sampler import ImageSampler

PIXELS = 8  # per side, of descriptors


@dataclass(frozen=True)
class ImageInput(InputSpec):
    """An image, uint8 (C, H, W). Images of one problem are resized to the most channels, the largest height and the
    largest width of its domains."""

    modality = "image"
    plural = "images"
    attribution = "grad_cam"
    dtype = torch.uint8
    augmentations = ("flip", "crop", "shift", "rotation")
    default_augmentations = ("shift",)
    memory_format = torch.channels_last  # convolutions are faster

    channels: int
    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width

    @property
    def raw_shape(self) -> tuple[int, int, int]:
        return self.shape

    @classmethod
    def common(cls, specs: Sequence[Any]) -> Self:
        return cls(*(max(sides) for sides in zip(*(spec.shape for spec in specs), strict=True)))

    def fit(self, training: Iterable[tuple[Any, Tensor]]) -> ImageEncoder:
        return ImageEncoder(self)

    def to_float(self, prepared: Tensor, device: torch.device) -> Tensor:
        """In 0…1, channels-last."""
        return prepared.to(device).to(memory_format=torch.channels_last).float().div_(255)

    def sampler(
        self,
        prepared: Tensor,
        labels: dict[str, Tensor],
        augment: Iterable[str],
        generator: torch.Generator,
        device: torch.device,
    ) -> ImageSampler:
        return ImageSampler(prepared, labels, augment, generator, device)

    def descriptors(self, prepared: Tensor) -> Tensor:
        """Pixels in 0…1 of the image reduced to 8×8."""
        return F.adaptive_avg_pool2d(prepared.float() / 255, PIXELS).flatten(1)

    def pictures(self, prepared: Tensor) -> Tensor:
        return prepared

    def describe(self) -> dict[str, Any]:
        return {"layout": "NCHW", "shape": self.shape, "type": "float32", "range": [0, 1]}

    def sentence(self) -> str:
        colours = "red, green and blue" if self.channels == 3 else "grey"
        size = " × ".join(map(str, self.shape))
        return f"Images ({colours}), float values from 0 to 1, as a block of samples × {size}."

    def require_side(self, least: int, network: str) -> None:
        """Reject images with fewer than ``least`` pixels per side.

        Raises:
            XferError: ``image_size``.
        """
        side = min(self.height, self.width)
        if side < least:
            raise XferError("image_size", "problem", side, limit=least, network=network)


@dataclass(frozen=True)
class ImageEncoder(Encoder):
    """Resizes images; depends on no data."""

    spec: ImageInput

    def __call__(self, own: Any, inputs: Tensor) -> Tensor:
        return resize_to(inputs, self.spec.shape)
