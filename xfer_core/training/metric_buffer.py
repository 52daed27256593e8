"""Buffer of the scalars since the last report to the callback; losses stay on the device until then."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.training.callback import Point


class MetricBuffer:
    """Scalars of the last few steps.

    Reading a loss synchronises with the device, so losses are stored as tensors and read in one transfer.
    """

    def __init__(self) -> None:
        self.names: list[tuple[str, int, str]] = []  # (scalar, step, phase) of each tensor
        self.tensors: list[Tensor] = []
        self.points: list[Point] = []  # plain numbers, known at once

    def log_tensor(self, name: str, step: int, value: Tensor, phase: str) -> None:
        """Add a loss that is still on the device."""
        self.names.append((name, step, phase))
        self.tensors.append(value.detach())

    def log(self, name: str, step: int, value: float) -> None:
        """Add a number."""
        self.points.append((name, step, value))

    def flush(self) -> tuple[list[Point], XferError | None]:
        """All points since the last call, and an error if a loss was not finite.

        The error names the first term that was not finite, and its step; the total is logged after its terms, so that
        the error names a term wherever one is the cause.
        """
        values = torch.stack(self.tensors).double().tolist() if self.tensors else []
        points = [(name, step, value) for (name, step, _), value in zip(self.names, values, strict=True)]
        broken = next(
            (
                XferError("not_finite_loss", name.removeprefix("loss/"), value, step=step, phase=phase)
                for (name, step, phase), value in zip(self.names, values, strict=True)
                if not math.isfinite(value)
            ),
            None,
        )
        points += self.points
        self.names, self.tensors, self.points = [], [], []
        return points, broken
