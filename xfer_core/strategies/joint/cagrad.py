"""CAGrad: conflict-averse gradient, near the mean gradient but best for the worst task."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field
from torch import Tensor

from xfer_core.strategies.base import StepContext
from xfer_core.strategies.joint.balancer import GradientBalancer


class CAGrad(GradientBalancer):
    """Take the direction near the mean gradient that helps the worst-off task most.

    d maximises min_i g_i · d over the ball ‖d − g₀‖ ≤ c · ‖g₀‖ around the mean g₀ of the gradients. c = 0 is the plain
    mean; a large c comes near MGDA. Every step solves a small convex problem, a noticeable cost for networks as small
    as these. Liu et al. 2021, https://arxiv.org/abs/2110.14048; c = 0.5 is the paper's; computed by torchjd.
    """

    title: ClassVar = "CAGrad"
    formula: ClassVar = r"\max_d \min_i\ g_i \cdot d \quad \text{s.t. } \lVert d - g_0 \rVert \le c\, \lVert g_0 \rVert"
    line_style: ClassVar = ("brown", "dash")
    kind: Literal["cagrad"] = "cagrad"
    c: float = Field(default=0.5, ge=0, lt=1, title="Radius c")
    """How far from the mean gradient the direction may lie, as a fraction of its length."""

    def weighting(self, gramian: Tensor, context: StepContext) -> Tensor:
        from torchjd.aggregation import CAGradWeighting

        return CAGradWeighting(c=self.c)(gramian)
