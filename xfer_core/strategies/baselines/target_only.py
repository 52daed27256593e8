"""Baseline: train on the few target labels alone."""

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
    require_labels,
    task_loss_terms,
)


class TargetOnly(Strategy):
    """Train on the labelled target samples alone, from scratch: the accuracy of the few labels without transfer.

    L(θ) = mean over target domains and tasks of L_{d,t}(θ), from random θ. The source is not used. Transfer is useful
    only if it beats this baseline at the same number of steps.
    """

    family: ClassVar = "baseline"
    title: ClassVar = "From scratch"
    formula: ClassVar = r"L(\theta) = L_{\text{target}}(\theta)"
    kind: Literal["target_only"] = "target_only"

    def check(self, problem: Problem) -> None:
        require_labels(problem, self.kind)

    def phases(self, data: ProblemData, network: Network) -> tuple[Phase, ...]:
        return (Phase("target", data.problem.target),)

    def lambdas(self, problem: Problem) -> dict[str, float]:
        return equal_weights(task_loss_terms(problem, "target"))

    def terms(self, batches: Mapping[str, Batch], context: StepContext) -> dict[str, Tensor]:
        return forward_task_losses(context.network, batches)
