"""Joint learning: several tasks and domains at once, each with its own λ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field
from torch import Tensor

from xfer_core.networks.base import Network
from xfer_core.problems.problem import Problem, TrainingData
from xfer_core.strategies.base import (
    Batch,
    ChoosesWeights,
    Phase,
    StepContext,
    forward_task_losses,
    resolve_weights,
    task_loss_terms,
)
from xfer_core.strategies.needs import Needs


class Joint(ChoosesWeights):
    """Train all chosen tasks on all chosen domains at the same time, with shared stages; λ is the weight of each loss.

    L(θ) = Σ_i λ_i · L_i(θ), where i runs over the pairs of domain and task. Each step draws a batch from every domain.
    Multi-task learning: Caruana 1997, https://doi.org/10.1023/A:1007379606734.
    """

    family: ClassVar = "joint"
    needs: ClassVar = Needs(target_labels=True)
    abilities: ClassVar = frozenset({"weighs"})
    simpler: ClassVar = "joint"
    logs_gradient_conflict: ClassVar = True
    title: ClassVar = "Joint learning"
    formula: ClassVar = r"L(\theta) = \sum_i \lambda_i\, L_i(\theta)"
    line_style: ClassVar = ("pink", "dash")
    race_title: ClassVar = "Both at once"
    race_lesson: ClassVar = "learns handwritten digits and the few photographs together. *(Joint learning)*"
    kind: Literal["joint"] = "joint"
    weights: dict[str, float] = Field(default={}, max_length=1000, title="Loss weights λ of each domain and task")
    """Named ``domain/task``. Those left out are 0; if none is given, all are equal."""

    def phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        problem = data.problem
        with_labels = tuple(key for key in (*problem.source, *problem.target) if len(data.training[key].labelled))
        return (Phase("together", with_labels),)

    def lambdas(self, problem: Problem) -> dict[str, float]:
        return resolve_weights(self.weights, task_loss_terms(problem, "source", "target"))

    def terms(self, batches: Mapping[str, Batch], context: StepContext) -> dict[str, Tensor]:
        return forward_task_losses(context.network, batches)
