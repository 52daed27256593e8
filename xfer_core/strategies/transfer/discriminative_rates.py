"""Discriminative learning rates: lower stages learn more slowly."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from xfer_core.networks.base import Network
from xfer_core.problems.problem import TrainingData
from xfer_core.strategies.base import Phase
from xfer_core.strategies.transfer.base import ResetsHead, new_head_field


class DiscriminativeRates(ResetsHead):
    """Train on the source, then on the target with learning rates that fall by a factor from stage to stage downwards.

    Stage k of n learns at η / ξ^{n−k+1} and the head at η itself; ξ = 2.6 is the paper's. Lower stages hold general
    features, useful in both domains, and change little; upper ones hold specific features and change more. Howard and
    Ruder 2018 (ULMFiT), https://arxiv.org/abs/1801.06146.
    """

    title: ClassVar = "Discriminative learning rates"
    formula: ClassVar = r"\theta_k \leftarrow \theta_k - \eta\, \xi^{-(n-k+1)}\, \nabla_{\theta_k} L_{\text{target}}"
    line_style: ClassVar = ("ink", "longdash")
    kind: Literal["discriminative_rates"] = "discriminative_rates"
    factor: float = Field(default=2.6, ge=1, le=100, title="Factor from stage to stage")
    """1 is plain fine-tuning."""
    new_head: bool = new_head_field()

    def target_phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        rates = {
            name: self.factor**-below
            for below, stage in enumerate(reversed(list(network.stages)), start=1)
            for name in network.parameter_names(stage)
        }
        return (self.target_phase(data, lr_factors=rates, reset=self.head_reset()),)
