"""What a distance between two sets is by chance: the same distance between random halves of their union."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from xfer_core.measures.checks import require_equal_width


def largest_by_chance(
    measure: Callable[[Tensor, Tensor], float], source: Tensor, target: Tensor, draws: int = 10, seed: int = 0
) -> float:
    """The largest distance of ``draws`` random divisions of all samples into sets of the same sizes.

    A permutation test: if both sets come from one distribution, their own distance exceeds this with probability
    1 / (draws + 1).

    Args:
        measure: of two sets of features.
        source: features, (N, D).
        target: features of the same stage, (M, D).
        draws: how many divisions.
        seed: of the divisions.

    Raises:
        XferError: ``wrong_shape``, or what the measure raises.
    """
    require_equal_width(source, target)
    both, random = torch.cat([source, target]), torch.Generator().manual_seed(seed)
    found: list[float] = []
    for _ in range(draws):
        mixed = both[torch.randperm(len(both), generator=random)]
        found.append(measure(mixed[: len(source)], mixed[len(source) :]))
    return max(found)
