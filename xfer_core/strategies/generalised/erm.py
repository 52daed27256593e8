"""Empirical risk minimisation: all domains in one pot."""

from __future__ import annotations

from typing import ClassVar, Literal

from xfer_core.strategies.base import Showcase
from xfer_core.strategies.generalised.base import DomainGeneralisation


class ERM(DomainGeneralisation):
    """Pool all labelled domains and learn their mean loss: the plain way, and the one that others must beat.

    L = (1/D) Σ_d L_d. Each step draws as many samples from every domain, so each counts the same, whatever its size. It
    takes every shortcut that pays on average, also one that only holds where it was trained. Vapnik 1998; that it is
    hard to beat on real domains: Gulrajani and Lopez-Paz 2021, https://arxiv.org/abs/2007.01434.
    """

    title: ClassVar = "ERM over domains"
    formula: ClassVar = r"L(\theta) = \frac{1}{D} \sum_d L_d(\theta)"
    counterexample: ClassVar = Showcase(
        "coloured",
        "On average the colour is the best guide to the answer, so that is what is learned; then the colours change.",
        baseline="irm",
    )
    kind: Literal["erm"] = "erm"
