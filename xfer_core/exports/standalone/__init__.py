"""A run as one plain PyTorch script: the common parts are in ``text.py``, each strategy's parts in ``METHODS``.

A new strategy needs one line in ``METHODS``; without it the script is left out, with a reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xfer_core.exports.standalone import adaptation, balancing, generalisation, transfer
from xfer_core.exports.standalone.method import StandaloneMethod
from xfer_core.networks.base import Network
from xfer_core.problems.problem import Problem

METHODS: dict[str, StandaloneMethod | Callable[[Any, Problem, Network], StandaloneMethod]] = {
    **dict.fromkeys(("source_only", "target_only", "fine_tune", "joint"), transfer.PHASES_ONLY),
    **dict.fromkeys(("linear_probe", "lp_ft", "gradual_unfreezing"), transfer.PHASES_ONLY),
    **dict.fromkeys(("discriminative_rates", "batch_norm_tuning"), transfer.PHASES_ONLY),
    "l2_sp": transfer.L2_SP,
    "distillation": transfer.DISTILLATION,
    "dann": adaptation.dann,
    "cdan": adaptation.cdan,
    "coral": adaptation.CORAL,
    "mmd": adaptation.MMD,
    "mcd": adaptation.MCD,
    "adabn": adaptation.ADABN,
    "pseudo_labels": adaptation.PSEUDO_LABELS,
    "mcc": adaptation.MCC,
    "uncertainty_weighting": balancing.uncertainty_weighting,
    "gradnorm": balancing.GRADNORM,
    "dwa": balancing.DWA,
    "pcgrad": balancing.PCGRAD,
    "mgda": balancing.MGDA,
    "cagrad": balancing.CAGRAD,
    "upgrad": balancing.UPGRAD,
    "imtl_g": balancing.IMTL_G,
    "generalised": generalisation.generalised,
    "erm": generalisation.ERM,
    "group_dro": generalisation.GROUP_DRO,
    "irm": generalisation.IRM,
    "vrex": generalisation.VREX,
    "mixup": generalisation.MIXUP,
    "coral_all_pairs": generalisation.CORAL_ALL_PAIRS,
}

DEPARTS = {
    "cagrad": "The run solves CAGrad's small convex problem with a general solver, which stops close to the best "
    "weights of the gradients; this script computes them exactly. Where the losses differ much in size, the weights "
    "differ by about a thousandth.",
}
"""kind → why its script's results differ from its run's by more than rounding. The head of the script and the report
contain it, and the test that compares both allows it only for these kinds."""
