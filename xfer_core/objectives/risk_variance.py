"""Risk variance: how much the losses of several domains differ."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def risk_variance(risks: Sequence[Tensor]) -> Tensor:
    """(1/D) Σ_d (L_d − L̄)², the penalty of V-REx (Krueger et al. 2021, https://arxiv.org/abs/2003.00688).

    Args:
        risks: the mean loss of each domain, D scalars.

    Returns:
        scalar.
    """
    return torch.stack(list(risks)).var(correction=0)
