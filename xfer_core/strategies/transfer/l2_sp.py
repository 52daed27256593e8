"""L2-SP: fine-tuning with an L2 penalty on the distance to the pre-trained weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field
from torch import Tensor

from xfer_core.networks.base import Network
from xfer_core.objectives.l2_penalty import l2_penalty, l2_sp_penalty
from xfer_core.problems.problem import Problem, TrainingData
from xfer_core.strategies.base import Batch, Phase, StepContext
from xfer_core.strategies.transfer.base import ResetsHead, new_head_field


class L2SP(ResetsHead):
    """Train on the source, then on the target with an L2 penalty that pulls every stage back to the source's weights.

    L(w) = L_target(w) + α · ½‖w_stages − w⁰_stages‖² + β · ½‖w_head‖². Weight decay pulls to zero and forgets the
    source; this pulls to w⁰ and remembers it. Batch-norm statistics are not penalised. Li et al. 2018,
    https://arxiv.org/abs/1802.01483; α = β = 0.01 are the paper's.
    """

    title: ClassVar = "L2-SP"
    formula: ClassVar = (
        r"L_{\text{target}}(w) + \tfrac{\alpha}{2}\lVert w_S - w_S^0\rVert^2 + \tfrac{\beta}{2}\lVert w_H\rVert^2"
    )
    term_titles: ClassVar = {"start": "Squared L2 distance to the source", "head": "Squared L2 norm of the head"}
    abilities: ClassVar = frozenset({"weighs"})
    line_style: ClassVar = ("wine", "dashdot")
    kind: Literal["l2_sp"] = "l2_sp"
    alpha: float = Field(default=0.01, ge=0, le=10, title="Pull to the start α")
    """How strongly the stages are pulled to the source's weights."""
    beta: float = Field(default=0.01, ge=0, le=10, title="Decay of the head β")
    """How strongly the head is pulled to zero."""
    new_head: bool = new_head_field()

    def target_phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        return (self.target_phase(data, reset=self.head_reset()),)

    def lambdas(self, problem: Problem) -> dict[str, float]:
        return {**super().lambdas(problem), "start": self.alpha, "head": self.beta}

    def on_phase_start(self, context: StepContext) -> None:
        if context.phase.name == "target":
            weights = context.network.stages.named_parameters()
            context.state["start"] = {name: weight.detach().clone() for name, weight in weights}

    def terms(self, batches: Mapping[str, Batch], context: StepContext) -> dict[str, Tensor]:
        terms = super().terms(batches, context)
        if context.phase.name == "target":
            weights, start = dict(context.network.stages.named_parameters()), context.state["start"]
            terms["start"] = l2_sp_penalty(weights.values(), [start[name] for name in weights])
            terms["head"] = l2_penalty(context.network.heads.parameters())
        return terms
