"""Selection by information maximisation: confident predictions of varied classes."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from xfer_core.selections.base import LabelFree
from xfer_core.selections.entropy import mean_entropy


class InformationMaximisation(LabelFree):
    """Take the step whose predictions for target samples are each confident and together varied.

    The largest H(p̄) − mean H(p), the mutual information between input and prediction. It assumes classes of equal size.
    Krause, Perona and Gomes 2010; as a selection rule Musgrave et al. 2022, https://arxiv.org/abs/2208.07360.
    """

    title: ClassVar = "Information maximisation"
    kind: Literal["information_maximisation"] = "information_maximisation"

    def score_logits(self, logits: Tensor) -> float:
        mean = torch.softmax(logits, 1).mean(0).clamp_min(1e-12)
        return float(-(mean * mean.log()).sum() - mean_entropy(logits))
