"""Generalised: the source and several targets at once, with a weight for every domain and every sample in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.measures.density_ratio import LEAST, density_ratio
from xfer_core.networks.base import Network
from xfer_core.objectives.sample_weights import class_balanced_weights, hard_sample_weights
from xfer_core.problems.problem import Problem, TrainingData, TrainingDomain
from xfer_core.strategies.base import (
    Batch,
    ChoosesWeights,
    Phase,
    StepContext,
    forward_domains,
    resolve_weights,
    task_loss,
)
from xfer_core.strategies.generalised.sample_weight_table import parse_table
from xfer_core.strategies.needs import Needs, count_unlabelled_targets


class Generalised(ChoosesWeights):
    """Train on the source and all targets together so that every target improves; each sample has its own weight.

    L(θ) = Σ_d Σ_i λ_{d,i} · L_{d,i}(θ), where d runs over the domains (the source is domain 0) and i over the samples
    of domain d. λ_{d,i} = λ_d · w_i / N_d, where the scheme gives w_i with mean 1: *uniform* (w_i = 1),
    *class_balanced* (every class of the domain weighs the same), *hard* (w_i ∝ (1 − p_i)^γ, the factor of the focal
    loss: Lin et al. 2017, https://arxiv.org/abs/1708.02002, here without gradient), *likeness* (importance weights,
    w_i ∝ the density ratio p_target(x) / p_d(x) from a domain classifier on the target's unlabelled samples: Bickel et
    al. 2009, https://www.jmlr.org/papers/v10/bickel09a.html), or your own *table*.
    """

    family: ClassVar = "generalised"
    needs: ClassVar = Needs(target_labels=True)
    abilities: ClassVar = frozenset({"weighs"})
    simpler: ClassVar = "erm"
    standalone: ClassVar = {
        "state": '{"weights": {name.split("/")[0]: tensor(name) for name in data.files if name.endswith("/weight")}}'
    }
    logs_gradient_conflict: ClassVar = True
    title: ClassVar = "Generalised learning"
    formula: ClassVar = r"L(\theta) = \sum_d \sum_i \lambda_{d,i}\, L_{d,i}(\theta)"
    line_style: ClassVar = ("ochre", "dashdot")
    kind: Literal["generalised"] = "generalised"
    weights: dict[str, float] = Field(default={}, max_length=1000, title="Loss weights λ of each domain")
    """Named by domain. Those left out are 0; if none is given, all are equal."""
    scheme: Literal["uniform", "class_balanced", "hard", "likeness", "table"] = Field(
        default="uniform", title="Weights inside a domain"
    )
    """How λ_d is distributed over the samples of domain d."""
    gamma: float = Field(default=2.0, ge=0, le=10, title="γ of the hard-sample scheme")
    """0 is uniform; larger values give more weight to samples that the network gets wrong."""

    table: str = Field(default="", title="Table of weights", max_length=1_000_000)
    """CSV with the columns domain, sample or class, weight, for the scheme *table*. A sample is given by its example
    id, a class of the first task by its name; samples that are not named weigh 1."""

    def check(self, problem: Problem) -> None:
        super().check(problem)
        if problem.regressions() and self.scheme in ("class_balanced", "hard"):
            allowed = "uniform, likeness, table, where a task asks for a number"
            raise XferError("unknown_choice", "strategy.scheme", self.scheme, allowed=allowed)
        if self.scheme == "table":
            parse_table(self.table, problem)

    def check_data(self, data: TrainingData) -> None:
        super().check_data(data)
        left, budget = count_unlabelled_targets(data), data.problem.labels_per_class
        if self.scheme == "likeness" and left < LEAST:
            schemes = ("uniform",) if data.problem.regressions() else ("class_balanced", "uniform")
            candidates = [{"strategy.scheme": scheme} for scheme in schemes]
            raise XferError("no_unlabelled_target", "problem.labels_per_class", budget, candidates, left=left)

    def phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        with_labels = tuple(key for key in self.lambdas(data.problem) if len(data.training[key].labelled))
        if self.scheme == "table":
            self._from_table(data)  # rejects samples that this run does not have
        return (Phase("together", with_labels),)

    def lambdas(self, problem: Problem) -> dict[str, float]:
        return resolve_weights(self.weights, (*problem.source, *problem.target))

    def state(self, data: TrainingData) -> dict[str, Any]:
        return {"weights": self.fixed_sample_weights(data)}

    def fixed_sample_weights(self, data: TrainingData) -> dict[str, Tensor]:
        if self.scheme == "table":
            return self._from_table(data)
        if self.scheme == "likeness":
            describe = data.input_spec.descriptors
            wanted = torch.cat([data.training[key].unlabelled for key in data.problem.target])
            own = {key: data.training[key].labelled.inputs for key in data.problem.source}
            return {key: density_ratio(describe(inputs), describe(wanted)) for key, inputs in own.items()}
        return {}

    def _from_table(self, data: TrainingData) -> dict[str, Tensor]:
        problem, task = data.problem, data.problem.tasks[0]
        table = parse_table(self.table, problem)
        return {key: table.weights(domain, data.classes[task], task) for key, domain in data.training.items()}

    def terms(self, batches: Mapping[str, Batch], context: StepContext) -> dict[str, Tensor]:
        terms = {}
        for domain, view in forward_domains(context.network, batches)[0].items():
            labels, outputs = batches[domain].labels, view.logits
            counts = {task: context.class_counts.get((domain, task), labels[task]) for task in outputs}
            given = context.state["weights"].get(domain)
            own = None if given is None else given.to(view.features.device)[batches[domain].positions]
            terms[domain] = sum_tasks(*self._weigh(outputs, labels, counts, own))
        return terms

    def sample_weights(self, outputs: Mapping[str, Tensor], domain: TrainingDomain, state: Mapping[str, Any]) -> Tensor:
        labels = domain.labelled.labels
        counts = {task: torch.bincount(labels[task].long(), minlength=outputs[task].shape[1]) for task in outputs}
        given = state["weights"].get(domain.key)
        _, weights = self._weigh(outputs, labels, counts, None if given is None else given.cpu())
        return torch.stack(list(weights.values())).mean(0)

    def _weigh(
        self,
        outputs: Mapping[str, Tensor],
        labels: Mapping[str, Tensor],
        counts: Mapping[str, Tensor],
        given: Tensor | None,
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """For each task the losses and the weights w_i of these samples, each (B,); ``given`` are used as they are."""
        losses = {task: task_loss(logits, labels[task]) for task, logits in outputs.items()}
        match self.scheme:
            case "uniform" | "likeness" | "table":
                weights = {task: torch.ones_like(loss) if given is None else given for task, loss in losses.items()}
            case "class_balanced":
                weights = {task: class_balanced_weights(labels[task], counts[task]) for task in losses}
            case "hard":
                weights = {task: hard_sample_weights(loss, self.gamma) for task, loss in losses.items()}
        return losses, weights


def sum_tasks(losses: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> Tensor:
    """L_{d,i} = Σ over tasks of w_i · loss_i, (B,)."""
    return torch.stack([weights[task] * losses[task] for task in losses]).sum(0)
