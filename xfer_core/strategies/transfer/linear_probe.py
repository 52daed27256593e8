"""Linear probe: only the head is trained on the target."""

from __future__ import annotations

from typing import ClassVar, Literal

from xfer_core.networks.base import Network
from xfer_core.problems.problem import TrainingData
from xfer_core.strategies.base import Phase
from xfer_core.strategies.transfer.base import ResetsHead, new_head_field


class LinearProbe(ResetsHead):
    """Train on the source, then freeze every stage and train only a new head on the few target labels.

    min over the head h of L_target(h ∘ f) with the features f frozen after the source, batch-norm statistics included.
    It measures how well the source's features already separate the target's classes; it cannot overfit much, and
    cannot adapt the features either. Alain and Bengio 2016, https://arxiv.org/abs/1610.01644.
    """

    title: ClassVar = "Linear probe"
    formula: ClassVar = r"L_{\text{source}}(f, h),\ \text{then}\ \min_h L_{\text{target}}(h \circ f)"
    abilities: ClassVar = frozenset({"freezes"})
    line_style: ClassVar = ("red", "longdash")
    kind: Literal["linear_probe"] = "linear_probe"
    new_head: bool = new_head_field(default=True)

    def target_phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        return (self.target_phase(data, frozen=network.expand_names(network.stages), reset=self.head_reset()),)
