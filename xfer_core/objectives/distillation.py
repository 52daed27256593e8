"""Knowledge distillation: learning from the outputs of another network."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from xfer_core.objectives.precision import to_float32


def distillation_loss(student: Tensor, teacher: Tensor, temperature: float = 2.0) -> Tensor:
    """T² · KL(softmax(teacher/T) ‖ softmax(student/T)) of each sample, in nats; no gradient reaches the teacher.

    Hinton et al. 2015, https://arxiv.org/abs/1503.02531. T² keeps the gradient's size when T changes.

    Args:
        student, teacher: logits (B, K).
        temperature: T above 0.

    Returns:
        (B,), 0 if the two are equal.
    """
    wanted = F.log_softmax(to_float32(teacher.detach()) / temperature, 1)
    given = F.log_softmax(to_float32(student) / temperature, 1)
    return temperature**2 * torch.sum(wanted.exp() * (wanted - given), 1)
