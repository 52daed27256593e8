"""Transfer strategies. To add one: add a file, import its class below and name it in ``AnyStrategy``."""

from __future__ import annotations

from typing import get_args

from xfer_core.strategies.adaptation.adabn import AdaBN
from xfer_core.strategies.adaptation.cdan import CDAN
from xfer_core.strategies.adaptation.coral import CORAL
from xfer_core.strategies.adaptation.dann import DANN
from xfer_core.strategies.adaptation.mcc import MCC
from xfer_core.strategies.adaptation.mcd import MCD
from xfer_core.strategies.adaptation.mmd import MMD
from xfer_core.strategies.adaptation.pseudo_labels import PseudoLabels
from xfer_core.strategies.base import Batch, Phase, StepContext, Strategy
from xfer_core.strategies.baselines.source_only import SourceOnly
from xfer_core.strategies.baselines.target_only import TargetOnly
from xfer_core.strategies.generalised.coral_all_pairs import CORALAllPairs
from xfer_core.strategies.generalised.erm import ERM
from xfer_core.strategies.generalised.generalised import Generalised
from xfer_core.strategies.generalised.group_dro import GroupDRO
from xfer_core.strategies.generalised.irm import IRM
from xfer_core.strategies.generalised.mixup import Mixup
from xfer_core.strategies.generalised.vrex import VREx
from xfer_core.strategies.joint.cagrad import CAGrad
from xfer_core.strategies.joint.dwa import DWA
from xfer_core.strategies.joint.gradnorm import GradNorm
from xfer_core.strategies.joint.imtl_g import IMTLG
from xfer_core.strategies.joint.joint import Joint
from xfer_core.strategies.joint.mgda import MGDA
from xfer_core.strategies.joint.pcgrad import PCGrad
from xfer_core.strategies.joint.uncertainty_weighting import UncertaintyWeighting
from xfer_core.strategies.joint.upgrad import UPGrad
from xfer_core.strategies.transfer.batch_norm_tuning import BatchNormTuning
from xfer_core.strategies.transfer.discriminative_rates import DiscriminativeRates
from xfer_core.strategies.transfer.distillation import Distillation
from xfer_core.strategies.transfer.fine_tune import FineTune
from xfer_core.strategies.transfer.gradual_unfreezing import GradualUnfreezing
from xfer_core.strategies.transfer.l2_sp import L2SP
from xfer_core.strategies.transfer.linear_probe import LinearProbe
from xfer_core.strategies.transfer.lp_ft import LPFT

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
CLASSES: dict[str, type[Strategy]] = {form.kind_name(): form for form in STRATEGIES}
"""Kind → class."""
TITLES: dict[str, str] = {form.kind_name(): form.title for form in STRATEGIES}
"""Kind → title."""
BASICS: tuple[type[Strategy], ...] = (FineTune, Joint, Generalised, SourceOnly, TargetOnly)
"""The methods to know first; Train offers these at once."""

BASELINES: tuple[type[Strategy], ...] = (TargetOnly, SourceOnly)
"""What a transfer must beat."""
REFERENCES: tuple[type[Strategy], ...] = (TargetOnly, ERM)
"""What the methods of an experiment are compared with: the first of these that is among them."""
WITHOUT_TARGET_LABELS: tuple[type[Strategy], ...] = (ERM, SourceOnly)
"""Simple methods that need no target labels, for advice."""

__all__ = [
    "BASELINES",
    "BASICS",
    "CLASSES",
    "REFERENCES",
    "STRATEGIES",
    "TITLES",
    "WITHOUT_TARGET_LABELS",
    "AnyStrategy",
    "Batch",
    "Phase",
    "StepContext",
    "Strategy",
]
