"""IMTL-G: a direction with equal projections on every task's gradient."""

from __future__ import annotations

from typing import ClassVar, Literal

from torch import Tensor

from xfer_core.strategies.base import StepContext
from xfer_core.strategies.joint.balancer import GradientBalancer


class IMTLG(GradientBalancer):
    """Take the direction whose projection on every task's gradient has the same length: no task is favoured.

    w makes d · g_i / ‖g_i‖ the same for all i, for d = Σ_i w_i · g_i with Σ_i w_i = 1. Lengths cancel, so units do not
    matter: degrees and nats have the same influence. A weight may be negative if tasks conflict; with three or more,
    the direction may even point away from all of them.
    Liu et al. 2021, https://openreview.net/forum?id=IMPnRXEWpvr; computed by torchjd.
    """

    title: ClassVar = "IMTL-G"
    formula: ClassVar = (
        r"d = \textstyle\sum_i w_i\, g_i \quad "
        r"\text{with } d \cdot \frac{g_i}{\lVert g_i \rVert} \text{ the same for all } i"
    )
    line_style: ClassVar = ("ink", "longdashdot")
    kind: Literal["imtl_g"] = "imtl_g"

    def weighting(self, gramian: Tensor, context: StepContext) -> Tensor:
        from torchjd.aggregation import IMTLGWeighting

        return IMTLGWeighting()(gramian)
