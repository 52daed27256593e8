"""What a run has measured since it last told its observer: values stay on the device until then."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.training.callback import Point


class MetricBuffer:
    """Scalars of the last few steps.

    Reading a loss waits for the device, so losses are kept as tensors and read in one transfer.
    """

    def __init__(self) -> None:
        self.names: list[tuple[str, int, str]] = []  # (scalar, step, phase), one a tensor
        self.tensors: list[Tensor] = []
        self.points: list[Point] = []  # plain numbers, known at once

    def log_tensor(self, name: str, step: int, value: Tensor, phase: str) -> None:
        """A loss that still lies on the device."""
        self.names.append((name, step, phase))
        self.tensors.append(value.detach())

    def log(self, name: str, step: int, value: float) -> None:
        """A number."""
        self.points.append((name, step, value))

    def flush(self) -> tuple[list[Point], XferError | None]:
        """All points since the last call, and what broke if a loss was not finite.

        The error names the first term that broke, at its step; the total comes after its terms, so a term is blamed
        where one is to blame.
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
