"""Float32 for objectives, even if the network runs in bfloat16."""

from __future__ import annotations

import torch
from torch import Tensor


def autocast_disabled(x: Tensor) -> torch.autocast:
    """A context in which matrix products keep the precision of their factors; the training loop's would reduce it."""
    return torch.autocast(x.device.type, enabled=False)


def to_float32(x: Tensor) -> Tensor:
    """The tensor in float32; float64 stays float64."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
