"""Base classes of domain generalisation: all labelled domains at once, and a term for features invariant to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.networks.base import Network
from xfer_core.problems.problem import Problem, TrainingData
from xfer_core.strategies.base import (
    Batch,
    ForwardOutput,
    Phase,
    StepContext,
    Strategy,
    equal_weights,
    forward_domains,
    task_loss,
)
from xfer_core.strategies.needs import Needs

ANNEAL = "anneal"  # the phase with a small weight of the penalty


class DomainGeneralisation(Strategy):
    """One term per domain, named by its key: the sum of the losses of its tasks. The network should also work in
    unseen domains, on which it is only tested (``problem.unseen``).

    A subclass adds its lesson, ``kind``, ``title``, ``formula``, and :meth:`invariance_terms`, :meth:`loss_weights` or
    both.
    """

    family: ClassVar = "generalised"
    needs: ClassVar = Needs(source=True)
    abilities: ClassVar = frozenset({"weighs"})
    simpler: ClassVar = "erm"
    logs_gradient_conflict: ClassVar = True

    def check(self, problem: Problem) -> None:
        super().check(problem)
        domains = labelled_domains(problem)
        if len(domains) < 2:
            candidates = ({"strategy.kind": "source_only"},)
            raise XferError("one_domain", "problem.source", problem.source, candidates, kind=self.kind)

    def phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        return (Phase("together", labelled_domains(data.problem)),)

    def lambdas(self, problem: Problem) -> dict[str, float]:
        return {**equal_weights(labelled_domains(problem)), **self.method_weights()}

    def method_weights(self) -> dict[str, float]:
        """The λ of the method's own terms."""
        return {}

    def terms(self, batches: Mapping[str, Batch], context: StepContext) -> dict[str, Tensor]:
        views, _ = forward_domains(context.network, batches)
        risks = {key: domain_losses(view, batches[key].labels) for key, view in views.items()}
        return {**risks, **self.invariance_terms(views, batches, risks)}

    def invariance_terms(
        self, views: Mapping[str, ForwardOutput], batches: Mapping[str, Batch], risks: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """The method's own terms.

        Args:
            views: the network's outputs for each domain.
            batches: the samples of these outputs.
            risks: the losses of each domain, (B,).
        """
        return {}


class AnnealedPenalty(DomainGeneralisation):
    """A penalty with a small weight at first, so that the network learns the task, and its full weight afterwards.

    In the phase *anneal* its λ is at most 1; in the phase *penalty* it has its set value. If that is above 1, the whole
    loss is divided by it, so that steps do not grow (as in the authors' code for IRM and V-REx). Gradients then shrink
    by that factor at once, and an optimiser that still normalises by the earlier large ones makes tiny steps: so it is
    reset for the second phase (as in DomainBed: Gulrajani and Lopez-Paz 2021, https://arxiv.org/abs/2007.01434).
    """

    weight: float = Field(default=10.0, ge=0, le=1e6, title="λ of the penalty")
    """After the anneal phase."""
    anneal: float = Field(default=0.2, ge=0, le=1, title="Start of the penalty")
    """The fraction of the run after which the penalty has its full weight."""

    def method_weights(self) -> dict[str, float]:
        return {"penalty": self.weight}

    def phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        # With λ of 1 or less both phases would be the same.
        anneal, domains = self.anneal if self.weight > 1 else 0.0, labelled_domains(data.problem)
        stretches = ((ANNEAL, anneal), ("penalty", 1 - anneal))
        return tuple(Phase(name, domains, share) for name, share in stretches if share)

    def loss_weights(self, losses: Mapping[str, Tensor], context: StepContext) -> dict[str, Tensor]:
        one, scale = torch.ones_like(next(iter(losses.values())).float()), max(1.0, context.lambdas["penalty"])
        if context.phase.name == ANNEAL:
            return {"penalty": one / scale}
        return dict.fromkeys(losses, one / scale)


def labelled_domains(problem: Problem) -> tuple[str, ...]:
    """The domains whose labels are used: the sources, and the targets if they have a label budget."""
    return problem.source if problem.labels_per_class == 0 else (*problem.source, *problem.target)


def domain_losses(view: ForwardOutput, labels: Mapping[str, Tensor]) -> Tensor:
    """The losses of all tasks of one domain, added up: (B,)."""
    return torch.stack([task_loss(outputs, labels[task]) for task, outputs in view.logits.items()]).sum(0)
