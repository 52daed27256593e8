"""Baseline: train on the source, test on the target without adaptation."""

from __future__ import annotations

from typing import ClassVar, Literal

from xfer_core.strategies.baselines.base import Baseline
from xfer_core.strategies.needs import Needs


class SourceOnly(Baseline):
    """Train on the source alone and test on the target without adaptation: the accuracy that transfers for free.

    L(θ) = mean over source domains and tasks of L_{d,t}(θ). No target sample is used. A method that adapts must beat
    this baseline, otherwise the adaptation was useless.
    """

    title: ClassVar = "Source only"
    formula: ClassVar = r"L(\theta) = L_{\text{source}}(\theta)"
    role: ClassVar = "source"
    needs: ClassVar = Needs(source=True, stages=False)
    uses_target_labels: ClassVar = False
    line_style: ClassVar = ("grey", "longdashdot")
    kind: Literal["source_only"] = "source_only"

    def keeps_head(self) -> bool:
        return True
