"""The loss of a regression task, one value per sample."""

from __future__ import annotations

from torch import Tensor

from xfer_core.objectives.precision import to_float32


def squared_error(outputs: Tensor, values: Tensor) -> Tensor:
    """(ŷ − y)², in the square of the task's unit.

    Args:
        outputs: (B, 1), any float type; computed in float32.
        values: float (B,).

    Returns:
        float32 (B,).
    """
    return (to_float32(outputs[:, 0]) - values) ** 2
