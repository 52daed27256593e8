"""PCGrad: gradient surgery, projects away what conflicts with another task."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from xfer_core.strategies.base import StepContext
from xfer_core.strategies.joint.balancer import GradientBalancer


class PCGrad(GradientBalancer):
    """Remove from every task's gradient the part that points against another task's gradient, then add them up.

    For each i, and every j ≠ i in random order: if g_i · g_j < 0, g_i loses its component along g_j. Tasks that agree
    are unchanged, so without conflict this is plain joint learning with the same λ. A task whose gradient is a hundred
    times larger still has a hundred times the influence.
    Yu et al. 2020, https://arxiv.org/abs/2001.06782; computed by torchjd.
    """

    title: ClassVar = "PCGrad"
    formula: ClassVar = (
        r"g_i \leftarrow g_i - \frac{g_i \cdot g_j}{\lVert g_j \rVert^2}\, g_j \quad "
        r"\text{if } g_i \cdot g_j < 0"
    )
    line_style: ClassVar = ("magenta", "dot")
    kind: Literal["pcgrad"] = "pcgrad"

    def weighting(self, gramian: Tensor, context: StepContext) -> Tensor:
        from torchjd.aggregation import PCGradWeighting

        with torch.random.fork_rng(devices=[]):  # torchjd draws the order from torch's global generator
            torch.manual_seed(
                int(torch.randint(2**31, (), generator=context.generator, device=context.generator.device))
            )
            return PCGradWeighting()(gramian)
