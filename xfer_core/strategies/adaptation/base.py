"""Base class of unsupervised adaptation: source labels, target inputs, and a term that aligns both domains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

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
    task_loss_terms,
    task_losses,
)
from xfer_core.strategies.needs import Needs


class Adaptation(Strategy):
    """Labelled source samples and unlabelled target inputs in every step; labelled target samples too if there are any.

    A subclass adds its lesson, ``kind``, ``title``, and :meth:`method_weights` and :meth:`terms` of its own terms.
    """

    family: ClassVar = "transfer"
    needs: ClassVar = Needs(source=True, unlabelled=True)
    abilities: ClassVar = frozenset({"weighs"})
    simpler: ClassVar = "source_only"

    def keeps_head(self) -> bool:
        return True

    def phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        return (Phase("adapt", labelled_domains(data), unlabelled=data.problem.target),)

    def lambdas(self, problem: Problem) -> dict[str, float]:
        """1 for the mean over the labelled domains and tasks, then the terms of the method."""
        roles = ("source",) if problem.labels_per_class == 0 else ("source", "target")
        return {**equal_weights(task_loss_terms(problem, *roles)), **self.method_weights()}

    def method_weights(self) -> dict[str, float]:
        """The λ of the method's own terms."""
        return {}


class Alignment(Adaptation):
    """One or more terms that align all source samples of a step with all unlabelled target samples.

    A subclass adds its lesson, ``kind``, ``title``, the titles of its own terms, the field ``weight`` (their λ), and
    :meth:`alignment_terms`.
    """

    if TYPE_CHECKING:
        weight: float

    def method_weights(self) -> dict[str, float]:
        return dict.fromkeys(self.term_titles, self.weight)

    def terms(self, batches: Mapping[str, Batch], context: StepContext) -> dict[str, Tensor]:
        labelled, unlabelled = forward_domains(context.network, batches, context.unlabelled)
        if not unlabelled:  # a phase before the adaptation
            return task_losses(labelled, batches)
        source = concat_outputs([view for key, view in labelled.items() if key not in unlabelled])
        return {
            **task_losses(labelled, batches),
            **self.alignment_terms(source, concat_outputs(list(unlabelled.values())), context),
        }

    def alignment_terms(self, source: ForwardOutput, target: ForwardOutput, context: StepContext) -> dict[str, Tensor]:
        """The method's own terms.

        Args:
            source: all source samples of this step.
            target: all unlabelled target samples of this step.
            context: as in ``terms``.
        """
        raise TypeError(f"{type(self).__name__} must define alignment_terms")


def labelled_domains(data: TrainingData) -> tuple[str, ...]:
    """The source domains, and the target domains that have labelled samples."""
    problem = data.problem
    return (*problem.source, *(key for key in problem.target if len(data.training[key].labelled)))


def concat_outputs(views: list[ForwardOutput]) -> ForwardOutput:
    """The outputs of several domains concatenated along the batch."""
    if len(views) == 1:
        return views[0]
    logits = {task: torch.cat([view.logits[task] for view in views]) for task in views[0].logits}
    return ForwardOutput(torch.cat([view.features for view in views]), logits)


def width_of(network: Network) -> int:
    """The number of features that the heads take."""
    return next(iter(network.heads.values())).in_features  # pyright: ignore[reportReturnType]


def output_counts(network: Network) -> dict[str, int]:
    """Task → the number of its outputs."""
    return {task: head.out_features for task, head in network.heads.items()}  # pyright: ignore[reportReturnType]


def probabilities(view: ForwardOutput) -> Tensor:
    """Class probabilities of all tasks side by side, float (B, ΣK); without gradient."""
    return torch.cat([torch.softmax(logits.detach().float(), 1) for logits in view.logits.values()], 1)
