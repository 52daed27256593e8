"""Baseline: train on the few target labels alone."""

from __future__ import annotations

from typing import ClassVar, Literal

from xfer_core.strategies.baselines.base import Baseline
from xfer_core.strategies.needs import Needs


class TargetOnly(Baseline):
    """Train on the labelled target samples alone, from scratch: the accuracy of the few labels without transfer.

    L(θ) = mean over target domains and tasks of L_{d,t}(θ), from random θ. The source is not used. Transfer is useful
    only if it beats this baseline at the same number of steps.
    """

    title: ClassVar = "From scratch"
    formula: ClassVar = r"L(\theta) = L_{\text{target}}(\theta)"
    role: ClassVar = "target"
    needs: ClassVar = Needs(target_labels=True, stages=False)
    line_style: ClassVar = ("grey", "dot")
    race_title: ClassVar = "From scratch"
    race_lesson: ClassVar = "learns from nothing but the few labelled photographs. *(Target-only baseline)*"
    kind: Literal["target_only"] = "target_only"
