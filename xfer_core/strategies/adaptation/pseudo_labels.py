"""Pseudo-labels: the network's own confident predictions become labels."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from xfer_core.networks.base import Network
from xfer_core.objectives.pseudo_labels import pseudo_label_loss
from xfer_core.problems.problem import TrainingData
from xfer_core.strategies.adaptation.base import Alignment, labelled_domains
from xfer_core.strategies.base import ForwardOutput, Phase, StepContext


class PseudoLabels(Alignment):
    """Train on the source, then also on the network's own predictions for target samples if they are confident enough.

    L = L_source + λ · (1/B) Σ_b [max_k p_bk ≥ τ] · (−log p_b,ŷ), with ŷ = argmax_k p_bk used as the label. Confident
    predictions spread to similar samples; but confident mistakes are learned as well, and nothing corrects them.
    If there are target labels, both parts use them too.
    Lee 2013 (http://deeplearning.net/wp-content/uploads/2013/03/pseudo_label_final.pdf), with the threshold of Sohn et
    al. 2020, https://arxiv.org/abs/2001.07685.
    """

    title: ClassVar = "Pseudo-labels"
    formula: ClassVar = (
        r"L_{\text{source}} + \lambda\, \frac{1}{B} \sum_b [\max_k p_{bk} \geq \tau]\,(-\log p_{b\hat y})"
    )
    term_titles: ClassVar = {"pseudo": "Pseudo-labels"}
    needs: ClassVar = replace(Alignment.needs, classes=True, alternative="mmd")
    on_collapse: ClassVar = "one_pseudo_label"
    line_style: ClassVar = ("violet", "longdashdot")
    kind: Literal["pseudo_labels"] = "pseudo_labels"
    weight: float = Field(default=1.0, ge=0, le=10, title="λ of the pseudo-labels")
    """Weight of the pseudo-labels beside the true labels."""
    threshold: float = Field(default=0.95, ge=0, le=1, title="Confidence threshold τ")
    """Predictions with a smaller probability are not used."""
    source_share: float = Field(default=0.4, gt=0, lt=1, title="Share of steps on the source")
    """The first part of the run uses only true labels, so that the first pseudo-labels are mostly right."""

    def phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        labelled = labelled_domains(data)
        return (
            Phase("source", labelled, self.source_share),
            Phase("adapt", labelled, 1 - self.source_share, unlabelled=data.problem.target),
        )

    def alignment_terms(self, source: ForwardOutput, target: ForwardOutput, context: StepContext) -> dict[str, Tensor]:
        losses = [pseudo_label_loss(logits, self.threshold) for logits in target.logits.values()]
        return {"pseudo": torch.stack(losses).mean()}
