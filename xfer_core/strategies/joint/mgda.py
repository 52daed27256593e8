"""MGDA: multiple-gradient descent, the shortest vector in the convex hull of the tasks' gradients."""

from __future__ import annotations

from typing import ClassVar, Literal

from torch import Tensor

from xfer_core.strategies.base import StepContext
from xfer_core.strategies.joint.balancer import GradientBalancer


class MGDA(GradientBalancer):
    """Move in the direction that lowers every task's loss: the shortest vector in the convex hull of the gradients.

    w minimises ‖Σ_i w_i · g_i‖² with w_i ≥ 0 and Σ_i w_i = 1 (Frank–Wolfe). If that length is 0, no direction helps
    all tasks at once. The task with the shortest gradient dominates, so MGDA favours a task that is nearly learned or
    has a small loss. Désidéri 2012; for networks Sener and Koltun 2018, https://arxiv.org/abs/1810.04650; computed by
    torchjd.
    """

    title: ClassVar = "MGDA"
    formula: ClassVar = r"\min_{w \ge 0,\ \sum_i w_i = 1} \left\lVert \textstyle\sum_i w_i\, g_i \right\rVert^2"
    line_style: ClassVar = ("wine", "solid")
    kind: Literal["mgda"] = "mgda"

    def weighting(self, gramian: Tensor, context: StepContext) -> Tensor:
        from torchjd.aggregation import MGDAWeighting

        return MGDAWeighting()(gramian)
