"""How knowledge moves. Adding a strategy is adding a file, and its class to the two lines below."""

from __future__ import annotations

from typing import get_args

from xfer_core.strategies.adabn import AdaBN
from xfer_core.strategies.base import Batch, Context, Example, Phase, Strategy
from xfer_core.strategies.batch_norm_tuning import BatchNormTuning
from xfer_core.strategies.cdan import CDAN
from xfer_core.strategies.coral import CORAL
from xfer_core.strategies.dann import DANN
from xfer_core.strategies.discriminative_rates import DiscriminativeRates
from xfer_core.strategies.distillation import Distillation
from xfer_core.strategies.fine_tune import FineTune
from xfer_core.strategies.generalised import Generalised
from xfer_core.strategies.gradual_unfreezing import GradualUnfreezing
from xfer_core.strategies.joint import Joint
from xfer_core.strategies.l2_sp import L2SP
from xfer_core.strategies.linear_probe import LinearProbe
from xfer_core.strategies.lp_ft import LPFT
from xfer_core.strategies.mcc import MCC
from xfer_core.strategies.mcd import MCD
from xfer_core.strategies.mmd import MMD
from xfer_core.strategies.pseudo_labels import PseudoLabels
from xfer_core.strategies.source_only import SourceOnly
from xfer_core.strategies.target_only import TargetOnly

AnyStrategy = (
    FineTune
    | Joint
    | Generalised
    | SourceOnly
    | TargetOnly
    | LinearProbe
    | LPFT
    | GradualUnfreezing
    | DiscriminativeRates
    | L2SP
    | BatchNormTuning
    | Distillation
    | DANN
    | CDAN
    | CORAL
    | MMD
    | MCD
    | AdaBN
    | PseudoLabels
    | MCC
)
STRATEGIES: tuple[type[Strategy], ...] = get_args(AnyStrategy)
BASICS: tuple[type[Strategy], ...] = (FineTune, Joint, Generalised, SourceOnly, TargetOnly)
"""What everybody should know first; Train offers these at once."""

__all__ = ["BASICS", "STRATEGIES", "AnyStrategy", "Batch", "Context", "Example", "Phase", "Strategy"]
