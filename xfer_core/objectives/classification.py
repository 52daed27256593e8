"""The loss of a classification task, one value per sample."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """−log softmax(logits)[label], in nats.

    Args:
        logits: (B, K), any float type; computed in float32.
        labels: int64 (B,).

    Returns:
        float32 (B,).
    """
    return F.cross_entropy(logits.float(), labels, reduction="none")
