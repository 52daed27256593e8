"""Input of CDAN's discriminator: the multilinear map of features and predictions, and entropy weights."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
from __future__ import annotations

import math

import torch
from torch import Tensor

from xfer_core.objectives.precision import to_float32

LARGEST_MAP = 4096  # entries of f ⊗ g; above, a random map replaces it (the paper's threshold)


def multilinear_map(features: Tensor, probabilities: Tensor) -> Tensor:
    """f ⊗ g: the outer product of features and class probabilities, flattened.

    Long et al. 2018, https://arxiv.org/abs/1705.10667.

    Args:
        features: (B, D).
        probabilities: (B, K).

    Returns:
        (B, D·K).
    """
    return torch.einsum("bd,bk->bdk", features, probabilities.to(features.dtype)).flatten(1)


def random_multilinear_map(features: Tensor, probabilities: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """(f R_f) ⊙ (g R_g) / √E: its inner products are, in expectation over R, those of f ⊗ g.

    Args:
        features: (B, D).
        probabilities: (B, K).
        first: R_f, (D, E), independent entries of mean 0 and variance 1.
        second: R_g, (K, E), likewise.

    Returns:
        (B, E).
    """
    left, right = features @ first.to(features.dtype), probabilities.to(features.dtype) @ second.to(features.dtype)
    return left * right / math.sqrt(first.shape[1])


def entropy(probabilities: Tensor) -> Tensor:
    """H(p) = −Σ_k p_k log p_k in nats; (B, K) → (B,)."""
    p = to_float32(probabilities)
    return torch.special.entr(p).sum(1)


def entropy_weights(probabilities: Tensor) -> Tensor:
    """w ∝ 1 + e^{−H(p)} with mean 1, without gradient: samples with a confident prediction weigh more.

    Args:
        probabilities: (B, K).

    Returns:
        (B,).
    """
    raw = 1 + torch.exp(-entropy(probabilities.detach()))
    return raw / raw.mean()
