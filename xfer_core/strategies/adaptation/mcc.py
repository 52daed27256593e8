"""Minimum class confusion: target predictions that are not ambiguous between classes."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from xfer_core.objectives.class_confusion import class_confusion
from xfer_core.strategies.adaptation.base import Alignment
from xfer_core.strategies.base import ForwardOutput, StepContext


class MCC(Alignment):
    """Learn the source's labels while target predictions are as little ambiguous between two classes as possible.

    L = L_source + μ · (1/K) Σ_{j ≠ j′} C̃_{jj′}, where C̃ measures how often the classes j and j′ get probability for
    the same target sample, rows summing to 1, at temperature T. No domains are aligned: the target's own clusters are
    used. If these do not agree with the classes, wrong predictions become more confident. Jin et al. 2020,
    https://arxiv.org/abs/1912.03699; μ = 1 and T = 2.5 are the paper's.
    """

    title: ClassVar = "Minimum class confusion"
    formula: ClassVar = r"L_{\text{source}} + \mu\, \frac{1}{K} \sum_{j \neq j'} \tilde C_{jj'}"
    term_titles: ClassVar = {"confusion": "Class confusion"}
    needs: ClassVar = replace(Alignment.needs, classes=True, alternative="mmd")
    line_style: ClassVar = ("violet", "dash")
    kind: Literal["mcc"] = "mcc"
    weight: float = Field(default=1.0, ge=0, le=100, title="μ of the confusion")
    """Weight of the class confusion beside the source's labels."""
    temperature: float = Field(default=2.5, gt=0, le=100, title="Temperature T")
    """Above 1 probabilities are softened, so that overconfident predictions still show their second choices."""

    def alignment_terms(self, source: ForwardOutput, target: ForwardOutput, context: StepContext) -> dict[str, Tensor]:
        losses = [class_confusion(logits, self.temperature) for logits in target.logits.values()]
        return {"confusion": torch.stack(losses).mean()}
