"""Linear probe, then fine-tune: the head first, then everything."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from xfer_core.networks.base import Network
from xfer_core.problems.problem import TrainingData
from xfer_core.strategies.base import Phase
from xfer_core.strategies.transfer.base import ResetsHead, new_head_field


class LPFT(ResetsHead):
    """Train on the source, train a new head on frozen features, then fine-tune everything from there.

    min over h of L_target(h ∘ f), then min over h and f together. A random head causes large, wrong gradients that
    distort good features; a trained head causes small ones. Kumar et al. 2022, https://arxiv.org/abs/2202.10054.
    """

    title: ClassVar = "Linear probe, then fine-tune"
    formula: ClassVar = r"\min_h L_{\text{target}}(h \circ f),\ \text{then}\ \min_{h, f} L_{\text{target}}(h \circ f)"
    abilities: ClassVar = frozenset({"freezes"})
    line_style: ClassVar = ("lime", "dash")
    kind: Literal["lp_ft"] = "lp_ft"
    new_head: bool = new_head_field(default=True)
    probe_share: float = Field(default=0.5, gt=0, lt=1, title="Share of the target steps for the probe")
    """The rest fine-tunes everything."""

    def target_phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        frozen, head = network.expand_names(network.stages), self.head_reset()
        return (
            self.target_phase(data, "probe", self.probe_share, frozen=frozen, reset=head),
            self.target_phase(data, "target", 1 - self.probe_share),
        )
