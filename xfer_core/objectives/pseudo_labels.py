"""Pseudo-label loss: the cross-entropy against the network's own confident predictions."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from xfer_core.objectives.precision import to_float32


def pseudo_label_loss(logits: Tensor, threshold: float) -> Tensor:
    """(1/B) Σ_b [max_k p_bk ≥ τ] · (−log p_b,ŷ), ŷ the likeliest class, p = softmax(logits); scalar.

    Args:
        logits: (B, K).
        threshold: τ in 0…1. Samples below it have loss 0, and count in the mean.
    """
    logits = to_float32(logits)
    sure, label = torch.softmax(logits.detach(), 1).max(1)
    return (F.cross_entropy(logits, label, reduction="none") * (sure >= threshold)).mean()
