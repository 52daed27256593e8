"""Base class of the baselines: training on the domains of one role alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from torch import Tensor

from xfer_core.networks.base import Network
from xfer_core.problems.problem import Problem, TrainingData
from xfer_core.strategies.base import (
    Batch,
    Phase,
    StepContext,
    Strategy,
    equal_weights,
    forward_task_losses,
    task_loss_terms,
)


class Baseline(Strategy):
    """One phase on the labelled samples of one role, with equal weights of its terms."""

    family: ClassVar = "baseline"
    simpler: ClassVar = "fine_tune"
    role: ClassVar[Literal["source", "target"]]
    """Which domains it learns from."""

    def phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        keys = tuple(key for key, role in data.problem.roles().items() if role == self.role)
        return (Phase(self.role, keys),)

    def lambdas(self, problem: Problem) -> dict[str, float]:
        return equal_weights(task_loss_terms(problem, self.role))

    def terms(self, batches: Mapping[str, Batch], context: StepContext) -> dict[str, Tensor]:
        return forward_task_losses(context.network, batches)
