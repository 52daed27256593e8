"""Batch-norm tuning: trains only batch-norm scales and shifts on the target; the statistics follow it."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from xfer_core.networks.base import HEAD, Network, batch_norms
from xfer_core.problems.problem import TrainingData
from xfer_core.strategies.base import Phase
from xfer_core.strategies.transfer.base import ResetsHead, new_head_field


class BatchNormTuning(ResetsHead):
    """Train on the source, then train only the batch-norm layers (and the head) on the few target labels.

    min over γ, β and the head of L_target, where batch norm gives γ · (x − μ) / σ + β and μ, σ follow the target. Every
    filter stays as it is: only the scale and shift of its output change, so that a few labels cannot overfit much. It
    needs a network with batch norm. Frankle et al. 2021, https://arxiv.org/abs/2003.00152.
    """

    title: ClassVar = "Batch-norm tuning"
    formula: ClassVar = r"\min_{\gamma, \beta, h} L_{\text{target}},\quad y = \gamma\,\frac{x - \mu}{\sigma} + \beta"
    needs: ClassVar = replace(ResetsHead.needs, batch_norm=True, alternative="linear_probe")
    abilities: ClassVar = frozenset({"freezes"})
    line_style: ClassVar = ("magenta", "longdash")
    kind: Literal["batch_norm_tuning"] = "batch_norm_tuning"
    head: bool = Field(default=True, title="Train the head too")
    """Else the head stays as trained on the source."""
    new_head: bool = new_head_field()

    def target_phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        free = batch_norms(network)
        frozen = {name for name in network.state_dict() if name.rpartition(".")[0] not in free}
        if self.head or self.new_head:
            frozen -= set(network.parameter_names(HEAD))
        return (self.target_phase(data, frozen=frozenset(frozen), reset=self.head_reset()),)
