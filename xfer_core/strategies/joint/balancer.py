"""What all ways of balancing tasks share: joint learning in which the method sets λ, or steers the gradients."""

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
    """Joint learning that starts from λ = 1 for every term, or from the λ that are given, and multiplies them.

    A subclass adds its lesson, ``kind``, ``title``, ``formula`` and :meth:`balance`.
    """

    showcase: ClassVar = None  # the examples of joint learning are not its own
    counterexample: ClassVar = None

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
    """A balancer that looks at the gradients g_i of the weighted terms in the shared stages: these get Σ_i w_i · g_i,
    with w from the inner products of the g_i; each head learns its own term as it is.

    A subclass adds :meth:`weighting` instead of :meth:`balance`.
    """

    gramian_parameters: ClassVar = "stages"
    gradient_scope: ClassVar = "stages"

    def weighting(self, gramian: Tensor, context: StepContext) -> Tensor:
        """w, float64 (T,), from the inner products g_i · g_j, float64 (T, T) on the CPU."""
        raise TypeError(f"{type(self).__name__} must define weighting")

    def balanced_weights(self, gramian: Tensor, context: StepContext) -> Tensor:
        """:meth:`weighting` of the terms that count, float64 (T,); 1 for the others, and for all where a gradient is no
        longer finite: the loop says which loss broke.

        Args:
            gramian: float64 (T, T). A term with λ = 0 has a row of zeros, and no say.
            context: as in ``terms``.
        """
        weights, counted = torch.ones(len(gramian), dtype=torch.float64), gramian.diagonal() > 0
        if gramian.isfinite().all() and counted.any():
            some = gramian[counted][:, counted]
            # torchjd takes a small matrix for zero; w does not depend on the unit of all losses together.
            weights[counted] = self.weighting(some * (len(some) / some.trace()), context)
        return weights

    def loss_weights(self, losses: Mapping[str, Tensor], context: StepContext) -> dict[str, Tensor]:
        if context.gramian is None:  # every stage is fixed: there is nothing to balance
            return {name: torch.ones_like(loss) for name, loss in losses.items()}
        weights = self.balanced_weights(context.gramian.double().cpu(), context)
        return dict(zip(losses, weights.to(context.gramian), strict=True))
