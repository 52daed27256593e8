"""Filters of the first convolution: what does the first stage respond to?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from xfer_core.errors import XferError
from xfer_core.networks.base import Network


def first_filters(network: Network) -> Tensor:
    """The weights of the first convolution of the first stage: float32 (F, C, K, K).

    Raises:
        XferError: ``no_convolution``.
    """
    for stage in list(network.stages.values())[:1]:
        for module in stage.modules():
            if isinstance(module, nn.Conv2d):
                return module.weight.detach().float().clone()
    raise XferError("no_convolution", "network.kind", "a first stage without one")


def filter_pictures(several: Sequence[Tensor]) -> list[Tensor]:
    """Filters as images on one common scale, so that before and after can be compared: 0 is mid-grey.

    Args:
        several: each (F, C, K, K). Three channels become colours; any other number is averaged and grey.

    Returns:
        for each, uint8 (F, 3, K, K) or (F, 1, K, K).
    """
    images = [filters if filters.shape[1] == 3 else filters.mean(1, keepdim=True) for filters in several]
    largest = max(float(filters.abs().max()) for filters in images) or 1.0
    return [(127.5 + 127.5 * filters / largest).round().to(torch.uint8) for filters in images]


def filter_rotation(before: Tensor, after: Tensor) -> np.ndarray:
    """The angle between each filter before and after, in degrees: float64 (F,); NaN if one of the two is 0.

    Args:
        before, after: (F, C, K, K).
    """
    one, other = (filters.double().flatten(1).numpy() for filters in (before, after))
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.degrees(np.arccos(np.clip((one * other).sum(1) / lengths, -1, 1)))
