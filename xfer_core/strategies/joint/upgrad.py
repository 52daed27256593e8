"""UPGrad: the mean of the tasks' gradients, each projected so that it conflicts with no other."""

from __future__ import annotations

from typing import ClassVar, Literal

from torch import Tensor

from xfer_core.strategies.base import StepContext
from xfer_core.strategies.joint.balancer import GradientBalancer


class UPGrad(GradientBalancer):
    """Change every task's gradient as little as possible so that it harms no other task, then take the mean.

    π(g_i) is the projection of g_i on the cone of directions d with d · g_j ≥ 0 for every j. The mean of the π(g_i) is
    in that cone too: a small enough step raises no loss. Unlike in PCGrad, the result does not depend on an order and
    holds for all tasks at once. Large gradients still have more influence.
    Quinton and Rey 2024, https://arxiv.org/abs/2406.16232; computed by torchjd.
    """

    title: ClassVar = "UPGrad"
    formula: ClassVar = (
        r"d = \tfrac{1}{K} \textstyle\sum_i \pi(g_i), \quad "
        r"\pi(g) = \arg\min_{d:\ d \cdot g_j \ge 0\ \forall j} \lVert d - g \rVert"
    )
    line_style: ClassVar = ("teal", "dashdot")
    kind: Literal["upgrad"] = "upgrad"

    def weighting(self, gramian: Tensor, context: StepContext) -> Tensor:
        from torchjd.aggregation import UPGradWeighting

        return UPGradWeighting()(gramian)
