"""Fine-tuning: train on the source, then on the target with some stages frozen."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from xfer_core.config import Distinct, Name
from xfer_core.networks.base import Network
from xfer_core.problems.problem import TrainingData
from xfer_core.strategies.base import ChoosesFrozen, Phase
from xfer_core.strategies.transfer.base import ResetsHead, new_head_field


class FineTune(ChoosesFrozen, ResetsHead):
    """Train on the source, keep the weights, continue on the few target labels; frozen stages do not change.

    First minimise L_source(θ). Then freeze θ_fix and minimise L_target(θ_upd; θ_fix). With few frozen stages the
    network adapts more, but forgets and overfits more; with many it keeps what it learned on the source. Batch-norm
    statistics of a frozen stage do not change either. Transferring and freezing the lower layers: Yosinski et al. 2014,
    https://arxiv.org/abs/1411.1792.
    """

    title: ClassVar = "Fine-tuning"
    formula: ClassVar = (
        r"L_{\text{source}}(\theta),\ \text{then}\ L_{\text{target}}(\theta_{\text{upd}}; \theta_{\text{fix}})"
    )
    abilities: ClassVar = frozenset({"freezes"})
    line_style: ClassVar = ("green", "solid")
    race_title: ClassVar = "Practised first"
    race_lesson: ClassVar = "learns handwritten digits, then the same few photographs. *(Fine-tuning)*"
    kind: Literal["fine_tune"] = "fine_tune"
    frozen: Annotated[tuple[Name, ...], Distinct] = Field(default=(), title="Frozen stages", max_length=1000)
    """Stages (or single parameters and buffers) that do not change after the source phase."""
    new_head: bool = new_head_field()

    def target_phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        return (self.target_phase(data, frozen=network.expand_names(self.frozen), reset=self.head_reset()),)
