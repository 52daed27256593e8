"""UPGrad: every task's gradient, bent until it harms no other."""

from __future__ import annotations

from typing import ClassVar, Literal

from torch import Tensor

from xfer_core.strategies.base import Showcase, StepContext
from xfer_core.strategies.joint.balancer import GradientBalancer


class UPGrad(GradientBalancer):
    """Bend every task's gradient as little as possible until it harms no other task, then take the mean.

    π(g_i) is the projection of g_i on the cone of directions d with d · g_j ≥ 0 for every j. The mean of the π(g_i) is
    in that cone too: a small enough step raises no loss. Unlike PCGrad the result depends on no order and holds for
    all tasks at once. Large gradients still count for more.
    Quinton and Rey 2024, https://arxiv.org/abs/2406.16232; computed by torchjd.
    """

    title: ClassVar = "UPGrad"
    formula: ClassVar = (
        r"d = \tfrac{1}{K} \textstyle\sum_i \pi(g_i), \quad "
        r"\pi(g) = \arg\min_{d:\ d \cdot g_j \ge 0\ \forall j} \lVert d - g \rVert"
    )
    showcase: ClassVar = Showcase(
        "digit_and_tilt",
        "What the tilt wants is bent until it harms the digit no more, and the digit is read better for it.",
    )
    kind: Literal["upgrad"] = "upgrad"

    def weighting(self, gramian: Tensor, context: StepContext) -> Tensor:
        from torchjd.aggregation import UPGradWeighting

        return UPGradWeighting()(gramian)
