"""How knowledge moves. Adding a strategy is adding a file, and its class to the two lines below."""

from __future__ import annotations

from typing import get_args

from xfer_core.strategies.adabn import AdaBN
from xfer_core.strategies.base import Batch, Phase, Showcase, StepContext, Strategy
from xfer_core.strategies.batch_norm_tuning import BatchNormTuning
from xfer_core.strategies.cagrad import CAGrad
from xfer_core.strategies.cdan import CDAN
from xfer_core.strategies.coral import CORAL
from xfer_core.strategies.coral_all_pairs import CORALAllPairs
from xfer_core.strategies.dann import DANN
from xfer_core.strategies.discriminative_rates import DiscriminativeRates
from xfer_core.strategies.distillation import Distillation
from xfer_core.strategies.dwa import DWA
from xfer_core.strategies.erm import ERM
from xfer_core.strategies.fine_tune import FineTune
from xfer_core.strategies.generalised import Generalised
from xfer_core.strategies.gradnorm import GradNorm
from xfer_core.strategies.gradual_unfreezing import GradualUnfreezing
from xfer_core.strategies.group_dro import GroupDRO
from xfer_core.strategies.imtl_g import IMTLG
from xfer_core.strategies.irm import IRM
from xfer_core.strategies.joint import Joint
from xfer_core.strategies.l2_sp import L2SP
from xfer_core.strategies.linear_probe import LinearProbe
from xfer_core.strategies.lp_ft import LPFT
from xfer_core.strategies.mcc import MCC
from xfer_core.strategies.mcd import MCD
from xfer_core.strategies.mgda import MGDA
from xfer_core.strategies.mixup import Mixup
from xfer_core.strategies.mmd import MMD
from xfer_core.strategies.pcgrad import PCGrad
from xfer_core.strategies.pseudo_labels import PseudoLabels
from xfer_core.strategies.source_only import SourceOnly
from xfer_core.strategies.target_only import TargetOnly
from xfer_core.strategies.uncertainty_weighting import UncertaintyWeighting
from xfer_core.strategies.upgrad import UPGrad
from xfer_core.strategies.vrex import VREx

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
    | UncertaintyWeighting
    | GradNorm
    | DWA
    | PCGrad
    | MGDA
    | CAGrad
    | UPGrad
    | IMTLG
    | ERM
    | GroupDRO
    | IRM
    | VREx
    | Mixup
    | CORALAllPairs
)
STRATEGIES: tuple[type[Strategy], ...] = get_args(AnyStrategy)
TITLES: dict[str, str] = {form.model_fields["kind"].default: form.title for form in STRATEGIES}
"""Kind → title."""
BASICS: tuple[type[Strategy], ...] = (FineTune, Joint, Generalised, SourceOnly, TargetOnly)
"""What everybody should know first; Train offers these at once."""

__all__ = ["BASICS", "STRATEGIES", "TITLES", "AnyStrategy", "Batch", "Phase", "Showcase", "StepContext", "Strategy"]
