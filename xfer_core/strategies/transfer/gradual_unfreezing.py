"""Gradual unfreezing: the top stage first, then one more at a time."""

from __future__ import annotations

from typing import ClassVar, Literal

from xfer_core.networks.base import Network
from xfer_core.problems.problem import TrainingData
from xfer_core.strategies.base import Phase
from xfer_core.strategies.transfer.base import ResetsHead, new_head_field


class GradualUnfreezing(ResetsHead):
    """Train on the source, then on the target: first the head alone, then the last stage too, then one more at a time.

    With stages f_1 … f_n, phase k minimises L_target over the head and the last k stages; f_1 … f_{n−k} stay frozen.
    The general features of the lower stages change last and least, so that less of the source is forgotten. Howard and
    Ruder 2018 (ULMFiT), https://arxiv.org/abs/1801.06146.
    """

    title: ClassVar = "Gradual unfreezing"
    formula: ClassVar = r"k = 0 \ldots n:\ \min_{h,\, f_{n-k+1} \ldots f_n} L_{\text{target}}"
    abilities: ClassVar = frozenset({"freezes"})
    line_style: ClassVar = ("violet", "solid")
    kind: Literal["gradual_unfreezing"] = "gradual_unfreezing"
    new_head: bool = new_head_field()

    def target_phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        stages = list(network.stages)
        phases, part = [], 1 / (len(stages) + 1)
        for free in range(len(stages) + 1):
            name = "head" if not free else "unfreeze all" if free == len(stages) else f"unfreeze {stages[-free]}"
            frozen, head = network.expand_names(stages[: len(stages) - free]), "nothing" if free else self.head_reset()
            phases.append(self.target_phase(data, name, part, frozen=frozen, reset=head))
        return tuple(phases)
