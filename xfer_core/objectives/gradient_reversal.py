"""Gradient reversal: one backward pass trains the features against the discriminator."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor


class _Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, strength: float) -> Tensor:
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -ctx.strength * gradients[0], None


def reverse_gradient(x: Tensor, strength: float) -> Tensor:
    """The identity; in the backward pass the gradient is multiplied by −strength.

    Ganin et al. 2016, https://arxiv.org/abs/1505.07818.

    Args:
        x: any shape.
        strength: λ of the paper, at least 0.
    """
    return _Reversed.apply(x, strength)  # pyright: ignore[reportReturnType]


def reversal_strength(progress: float) -> float:
    """λ(p) = 2 / (1 + e^{−10p}) − 1: 0 at the start, so that an untrained discriminator does not disturb the features.

    Args:
        progress: fraction p of the run that is done, 0…1.
    """
    return 2 / (1 + math.exp(-10 * progress)) - 1
