"""GroupDRO: minimises the loss of the worst domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from xfer_core.problems.problem import Problem, TrainingData
from xfer_core.strategies.base import StepContext
from xfer_core.strategies.generalised.base import DomainGeneralisation, labelled_domains


class GroupDRO(DomainGeneralisation):
    """Minimise the loss of the worst domain: its weight grows at every step in which its loss is above the others.

    min_θ max_q Σ_d q_d · L_d(θ), where q lies on the simplex: q_d ← q_d · e^{η · L_d}, then scaled to sum 1. If all
    domains share a shortcut, the worst of them uses it too; and a domain that is merely noisy gets all the weight.
    Sagawa et al. 2020, https://arxiv.org/abs/1911.08731; η = 0.01 is the paper's.
    """

    title: ClassVar = "GroupDRO"
    formula: ClassVar = (
        r"\min_\theta \max_{q \in \Delta} \sum_d q_d\, L_d(\theta), \quad q_d \leftarrow q_d\, e^{\eta L_d}"
    )
    abilities: ClassVar = frozenset({"balances"})
    line_style: ClassVar = ("wine", "dashdotdot")
    kind: Literal["group_dro"] = "group_dro"
    eta: float = Field(default=0.01, gt=0, le=10, title="Step size η")
    """How quickly the weights shift to the worst domain."""

    def lambdas(self, problem: Problem) -> dict[str, float]:
        return dict.fromkeys(labelled_domains(problem), 1.0)

    def state(self, data: TrainingData) -> dict[str, Any]:
        domains = labelled_domains(data.problem)
        return {"q": torch.full((len(domains),), 1 / len(domains))}

    def loss_weights(self, losses: Mapping[str, Tensor], context: StepContext) -> dict[str, Tensor]:
        risks = torch.stack([loss.detach().float() for loss in losses.values()])
        context.state["q"] = group_weights(context.state["q"].to(risks), risks, self.eta)
        return dict(zip(losses, context.state["q"], strict=True))


def group_weights(q: Tensor, risks: Tensor, eta: float) -> Tensor:
    """q_d · e^{η · L_d} / Σ_j q_j · e^{η · L_j}, (D,): on the simplex again."""
    return torch.softmax(q.clamp_min(1e-30).log() + eta * risks, 0)
