"""Base classes of loss balancing: joint learning in which the method sets λ, or combines the gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.problems.problem import Problem
from xfer_core.strategies.base import StepContext, task_loss_terms
from xfer_core.strategies.joint.joint import Joint


class Balancer(Joint):
    """Joint learning that starts from λ = 1 for every term, or from the given λ, and multiplies them by factors.

    A subclass adds its lesson, ``kind``, ``title``, ``formula`` and :meth:`loss_weights`.
    """

    abilities: ClassVar = frozenset({"balances"})

    def check(self, problem: Problem) -> None:
        super().check(problem)
        weights = self.lambdas(problem)
        if sum(weights[name] > 0 for name in task_loss_terms(problem, "source", "target")) < 2:
            candidates = ({"strategy.kind": "joint"},)
            raise XferError("one_term", "problem.tasks", problem.tasks, candidates, kind=self.kind)

    def lambdas(self, problem: Problem) -> dict[str, float]:
        if self.weights:
            return super().lambdas(problem)
        return dict.fromkeys(task_loss_terms(problem, "source", "target"), 1.0)


class GradientBalancer(Balancer):
    """A balancer that combines the gradients g_i of the weighted terms in the shared stages: these get Σ_i w_i · g_i,
    with w from the inner products of the g_i; each head gets the gradient of its own term unchanged.

    A subclass adds :meth:`weighting` instead of :meth:`loss_weights`.
    """

    gramian_parameters: ClassVar = "stages"
    gradient_scope: ClassVar = "stages"

    def weighting(self, gramian: Tensor, context: StepContext) -> Tensor:
        """w, float64 (T,), from the inner products g_i · g_j, float64 (T, T) on the CPU."""
        raise TypeError(f"{type(self).__name__} must define weighting")

    def balanced_weights(self, gramian: Tensor, context: StepContext) -> Tensor:
        """:meth:`weighting` of the terms with λ > 0, float64 (T,); 1 for the others, and for all if a gradient is not
        finite: the loop then reports which loss is not.

        Args:
            gramian: float64 (T, T). A term with λ = 0 has a row of zeros, and is left out.
            context: as in ``terms``.
        """
        weights, counted = torch.ones(len(gramian), dtype=torch.float64), gramian.diagonal() > 0
        if gramian.isfinite().all() and counted.any():
            some = gramian[counted][:, counted]
            # torchjd treats a small matrix as zero; w does not depend on a common scale of all losses.
            weights[counted] = self.weighting(some * (len(some) / some.trace()), context)
        return weights

    def loss_weights(self, losses: Mapping[str, Tensor], context: StepContext) -> dict[str, Tensor]:
        if context.gramian is None:  # every stage is frozen: nothing to balance
            return {name: torch.ones_like(loss) for name, loss in losses.items()}
        weights = self.balanced_weights(context.gramian.double().cpu(), context)
        return dict(zip(losses, weights.to(context.gramian), strict=True))
