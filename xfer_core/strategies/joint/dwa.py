"""Dynamic weight averaging: losses that fall slowly get more weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from xfer_core.problems.problem import TrainingData
from xfer_core.strategies.base import StepContext
from xfer_core.strategies.joint.balancer import Balancer


class DWA(Balancer):
    """Give more weight to a loss that has lately fallen less than the others.

    w_i = K · softmax_i(r_i / T) with r_i = L̄_i(t − 1) / L̄_i(t − 2), the ratio of the mean losses of the last two
    windows of steps; K is the number of losses. Over the first two windows all w_i are 1. It needs no gradients and
    costs nothing; it uses how losses fall, not how large they are, so a task with a small loss keeps little weight.
    Liu, Johns and Davison 2019, https://arxiv.org/abs/1803.10704; there a window is an epoch and T = 2.
    """

    title: ClassVar = "Dynamic weight averaging"
    formula: ClassVar = r"w_i = K\, \mathrm{softmax}_i\!\left(\frac{1}{T}\, \frac{\bar L_i(t-1)}{\bar L_i(t-2)}\right)"
    line_style: ClassVar = ("red", "dot")
    kind: Literal["dwa"] = "dwa"
    temperature: float = Field(default=2.0, gt=0, le=100, title="Temperature T")
    """Large values make all weights similar."""
    window: int = Field(default=20, ge=1, le=10_000, title="Window")
    """Steps over which a loss is averaged."""

    def state(self, data: TrainingData) -> dict[str, Any]:
        return {"steps": 0, "sums": {}, "means": {}, "weights": {}}

    def loss_weights(self, losses: Mapping[str, Tensor], context: StepContext) -> dict[str, Tensor]:
        state = context.state
        weights = dict(state["weights"]) or {name: torch.ones_like(loss) for name, loss in losses.items()}
        state["steps"] += 1
        state["sums"] = {name: state["sums"].get(name, 0.0) + loss.detach().float() for name, loss in losses.items()}
        if state["steps"] % self.window == 0:
            means = {name: total / self.window for name, total in state["sums"].items()}
            if state["means"]:
                state["weights"] = dwa_weights(means, state["means"], self.temperature)
            state["means"], state["sums"] = means, {}
        return weights


def dwa_weights(last: Mapping[str, Tensor], before: Mapping[str, Tensor], temperature: float) -> dict[str, Tensor]:
    """K · softmax(last / before / T), by name; the weights sum to K."""
    ratios = torch.stack([last[name] / before[name].clamp_min(1e-12) for name in last])
    return dict(zip(last, len(last) * torch.softmax(ratios / temperature, 0), strict=True))
