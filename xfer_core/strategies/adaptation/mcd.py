"""MCD: maximum classifier discrepancy; two classifiers disagree on the target, and the features avoid it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from xfer_core.networks.base import HEAD, Network
from xfer_core.objectives.classification import cross_entropy
from xfer_core.objectives.discrepancy import classifier_discrepancy
from xfer_core.problems.problem import TrainingData
from xfer_core.strategies.adaptation.base import Adaptation
from xfer_core.strategies.base import Batch, Phase, StepContext, SubStep, forward_domains, task_losses


class MCD(Adaptation):
    """Two classifiers learn the source; on the target they maximise their disagreement, and the features minimise it.

    Three updates per step: (A) both heads and the features minimise L_source; (B) the heads minimise L_source − d, with
    d = |softmax(h₁) − softmax(h₂)| on target samples, and so disagree outside the support of the source; (C) the
    features minimise d, k times, and so move the target samples away from there. Unlike DANN it uses the decision
    boundaries. A step costs k + 2 updates. Saito et al. 2018, https://arxiv.org/abs/1712.02560; k = 4 is the paper's.
    """

    title: ClassVar = "MCD"
    formula: ClassVar = r"\min_{h_1, h_2} L_{\text{source}} - d(h_1, h_2),\quad \min_f\, d(h_1, h_2)"
    term_titles: ClassVar = {"second": "Second classifier on labels", "discrepancy": "Disagreement on the target"}
    needs: ClassVar = replace(Adaptation.needs, classes=True, alternative="mmd")
    line_style: ClassVar = ("ochre", "longdash")
    kind: Literal["mcd"] = "mcd"
    weight: float = Field(default=1.0, ge=0, le=100, title="λ of the disagreement")
    """Weight of the disagreement: the heads maximise it, the features minimise it."""
    repeats: int = Field(default=4, ge=1, le=20, title="Updates of the features k")
    """Number of updates (C) in every step."""

    def modules(self, data: TrainingData, network: Network) -> dict[str, nn.Module]:
        second = copy.deepcopy(network.heads)
        for head in second.values():
            head.reset_parameters()  # pyright: ignore[reportCallIssue]
        return {"second": second}

    def phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        (phase,) = super().phases(data, network)
        names = {name for name, _ in network.named_parameters()}
        heads = names & set(network.parameter_names(HEAD))
        second = {f"modules.second.{name}" for name, _ in network.heads.named_parameters()}
        features = SubStep("features", frozenset(heads | second))
        steps = (SubStep("learn"), SubStep("heads", frozenset(names - heads)), *(features for _ in range(self.repeats)))
        return (Phase(phase.name, phase.domains, unlabelled=phase.unlabelled, substeps=steps),)

    def method_weights(self) -> dict[str, float]:
        return {"second": 1.0, "discrepancy": self.weight}

    def terms(self, batches: Mapping[str, Batch], context: StepContext) -> dict[str, Tensor]:
        substep, second = context.substep, context.modules["second"]
        if substep == "features":
            _, unlabelled = forward_domains(context.network, {}, context.unlabelled)
            return {"discrepancy": self._discrepancy(unlabelled, second)}
        labelled, unlabelled = forward_domains(context.network, batches, context.unlabelled)
        both = [
            cross_entropy(head(view.features), batches[key].labels[task]).mean()
            for key, view in labelled.items()
            for task, head in second.items()  # pyright: ignore[reportCallIssue]
        ]
        terms = {**task_losses(labelled, batches), "second": torch.stack(both).mean()}
        if substep == "heads":
            terms["discrepancy"] = -self._discrepancy(unlabelled, second)
        return terms

    @staticmethod
    def _discrepancy(views: Mapping, second: nn.Module) -> Tensor:
        losses = [
            classifier_discrepancy(view.logits[task], head(view.features)).mean()
            for view in views.values()
            for task, head in second.items()  # pyright: ignore[reportCallIssue]
        ]
        return torch.stack(losses).mean()
