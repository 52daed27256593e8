"""Baseline: train on the source, test on the target without adaptation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from torch import Tensor

from xfer_core.networks.base import Network
from xfer_core.problems.problem import Problem, ProblemData
from xfer_core.strategies.base import (
    Batch,
    Phase,
    StepContext,
    Strategy,
    equal_weights,
    forward_task_losses,
    require_source,
    task_loss_terms,
)


class SourceOnly(Strategy):
    """Train on the source alone and test on the target without adaptation: the accuracy that transfers for free.

    L(θ) = mean over source domains and tasks of L_{d,t}(θ). No target sample is used. A method that adapts must beat
    this baseline, otherwise the adaptation was useless.
    """

    family: ClassVar = "baseline"
    title: ClassVar = "Source only"
    formula: ClassVar = r"L(\theta) = L_{\text{source}}(\theta)"
    kind: Literal["source_only"] = "source_only"

    def check(self, problem: Problem) -> None:
        require_source(problem, self.kind)

    def keeps_head(self) -> bool:
        return True

    def phases(self, data: ProblemData, network: Network) -> tuple[Phase, ...]:
        return (Phase("source", data.problem.source),)

    def lambdas(self, problem: Problem) -> dict[str, float]:
        return equal_weights(task_loss_terms(problem, "source"))

    def terms(self, batches: Mapping[str, Batch], context: StepContext) -> dict[str, Tensor]:
        return forward_task_losses(context.network, batches)
