"""GradNorm: weights that make the gradient norms of the tasks equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from xfer_core.problems.problem import TrainingData
from xfer_core.strategies.base import StepContext
from xfer_core.strategies.joint.balancer import Balancer


class GradNorm(Balancer):
    """Learn weights for which all losses have similar gradient norms in the last shared stage, slow losses larger ones.

    G_i = w_i · ‖∇L_i‖ in the last shared stage, Ḡ their mean, r_i = (L_i / L_i(0)) / mean_j (L_j / L_j(0)). The weights
    descend L_grad = Σ_i |G_i − Ḡ · r_i^α|, Ḡ · r_i^α held constant, and are scaled so that Σ_i w_i = K. As ‖∇L_i‖ does
    not depend on w_i, ∂L_grad / ∂w_i = ‖∇L_i‖ · sign(G_i − Ḡ · r_i^α): no second derivative is needed. Steps are taken
    in log w and in units of Ḡ, so that weights stay above 0 whatever the unit of a loss.
    Chen et al. 2018, https://arxiv.org/abs/1711.02257; α = 1.5 is the paper's.
    """

    title: ClassVar = "GradNorm"
    formula: ClassVar = r"\min_w \sum_i \left|\, w_i \lVert \nabla L_i \rVert - \bar G\, r_i^{\alpha} \right|"
    gramian_parameters: ClassVar = "last stage"
    line_style: ClassVar = ("lime", "dashdotdot")
    kind: Literal["gradnorm"] = "gradnorm"
    alpha: float = Field(default=1.5, ge=0, le=10, title="α")
    """How much larger the gradient of a slowly falling loss becomes; 0 makes all equal."""
    rate: float = Field(default=0.025, gt=0, le=1, title="Rate of the weights")
    """Length of a step in log w."""

    def state(self, data: TrainingData) -> dict[str, Any]:
        return {"first": {}, "weights": {}}

    def loss_weights(self, losses: Mapping[str, Tensor], context: StepContext) -> dict[str, Tensor]:
        state, names = context.state, list(losses)
        if context.gramian is None:  # the last stage is frozen: it has no gradient
            return {}
        now = torch.stack([loss.detach().float() for loss in losses.values()])
        if not state["first"]:
            state["first"] = dict(zip(names, now, strict=True))
            state["weights"] = {name: torch.ones_like(now[0]) for name in names}
        weights = torch.stack([state["weights"][name] for name in names])
        first = torch.stack([state["first"][name] for name in names])
        norms = context.gramian.diagonal().clamp_min(0).sqrt()
        counted = norms > 0  # a term with λ = 0 is left out
        if counted.any() and norms.isfinite().all():
            new, ratios = weights.clone(), now / first.clamp_min(1e-12)
            new[counted] = gradnorm_step(weights[counted], norms[counted], ratios[counted], self.alpha, self.rate)
            state["weights"] = dict(zip(names, new, strict=True))
        return dict(zip(names, weights, strict=True))


def gradnorm_step(weights: Tensor, norms: Tensor, ratios: Tensor, alpha: float, rate: float) -> Tensor:
    """The weights after one step, (K,), summing to K.

    Args:
        weights: (K,), above 0.
        norms: ‖∇L_i‖ of the losses without weight, (K,).
        ratios: L_i / L_i(0), (K,).
        alpha: as in the formula.
        rate: length of the step in log w.
    """
    strength = weights * norms
    mean = strength.mean().clamp_min(1e-12)
    wanted = mean * (ratios / ratios.mean().clamp_min(1e-12)) ** alpha
    moved = weights * torch.exp(-rate * (strength / mean) * torch.sign(strength - wanted))
    return moved * (len(moved) / moved.sum())
