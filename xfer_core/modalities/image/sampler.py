"""Batch sampler on the device: draws and augments a whole batch at once.

Images are stored padded and channels-last, (N, H + 2P, W + 2P, C) uint8. Drawing a batch, mirroring, cropping and
shifting are then one gather of pixels, and the result is channels-last without a copy.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from xfer_core.modalities.sampler import BatchSampler

CROP_PADDING = 4  # zeros, as the article's RandomCrop(32, padding=4) is meant
SHIFT_PADDING = 2  # zeros
ROTATION_DEGREES = 15.0


class ImageSampler(BatchSampler):
    """An endless, reshuffled sequence of batches of the images of one domain.

    Args:
        inputs: uint8 (N, C, H, W).
        labels: task → int64 (N,).
        augment: any of flip, crop, shift, rotation.
        generator: the only source of randomness, on ``device``.
        device: where the samples are stored.
    """

    def __init__(
        self,
        inputs: Tensor,
        labels: dict[str, Tensor],
        augment: Iterable[str],
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        super().__init__(len(inputs), labels, generator, device)
        self.augment = frozenset(augment)
        self.reach = CROP_PADDING if "crop" in self.augment else SHIFT_PADDING if "shift" in self.augment else 0
        self.channels, self.height, self.width = inputs.shape[1:]
        padded = F.pad(inputs.to(device), (self.reach,) * 4).permute(0, 2, 3, 1)  # (N, H + 2P, W + 2P, C)
        self.padded_height, self.padded_width = padded.shape[1:3]
        self.pixels = padded.reshape(-1, self.channels)
        self.rows = torch.arange(self.height, device=device) * self.padded_width
        self.columns = torch.arange(self.width, device=device)

    def inputs_at(self, chosen: Tensor) -> Tensor:
        """Float (B, C, H, W) in 0…1, channels-last."""
        images = self.gather(chosen).permute(0, 3, 1, 2).float().div_(255)
        if "rotation" in self.augment:
            images = self._rotate(images)
        return images

    def gather(self, chosen: Tensor) -> Tensor:
        """The pixels of these samples, each mirrored and shifted at random: uint8 (B, H, W, C)."""
        first = chosen * (self.padded_height * self.padded_width)
        columns = self.columns.expand(len(chosen), -1)  # (B, W)
        if "flip" in self.augment:
            mirrored = self._random(2, len(chosen))[:, None].bool()
            columns = torch.where(mirrored, self.width - 1 - columns, columns)
        if self.reach:
            down, right = self._random(2 * self.reach + 1, 2, len(chosen))
            first = first + down * self.padded_width + right
        where = (first[:, None] + self.rows)[:, :, None] + columns[:, None, :]  # (B, H, W)
        return self.pixels.index_select(0, where.flatten()).view(*where.shape, self.channels)

    def _random(self, below: int, *shape: int) -> Tensor:
        return torch.randint(below, shape, generator=self.generator, device=self.device)

    def _rotate(self, images: Tensor) -> Tensor:
        """Each image rotated about its centre by an angle uniform in ±15°, bilinear, zeros outside."""
        turn = torch.rand(len(images), generator=self.generator, device=self.device) * 2 - 1
        angle = (turn * ROTATION_DEGREES).deg2rad()
        cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
        matrix = torch.stack([cos, -sin, zero, sin, cos, zero], 1).view(-1, 2, 3)
        grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
        return F.grid_sample(images, grid, align_corners=False)
