"""The rule that trusts certainty, if the answers differ."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from xfer_core.selections.base import LabelFree
from xfer_core.selections.entropy import mean_entropy


class InformationMaximisation(LabelFree):
    """Take the step whose answers on target images are certain one by one and varied as a whole.

    The largest H(p̄) − mean H(p), the mutual information between image and answer. It takes classes of equal size for
    granted. Krause, Perona and Gomes 2010; as a rule of selection Musgrave et al. 2022,
    https://arxiv.org/abs/2208.07360.
    """

    title: ClassVar = "Certain and varied answers"
    kind: Literal["information_maximisation"] = "information_maximisation"

    def score_logits(self, logits: Tensor) -> float:
        mean = torch.softmax(logits, 1).mean(0).clamp_min(1e-12)
        return float(-(mean * mean.log()).sum() - mean_entropy(logits))
