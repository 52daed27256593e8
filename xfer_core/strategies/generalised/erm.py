"""Empirical risk minimisation on the pooled domains."""

from __future__ import annotations

from typing import ClassVar, Literal

from xfer_core.strategies.generalised.base import DomainGeneralisation


class ERM(DomainGeneralisation):
    """Pool all labelled domains and minimise their mean loss: the baseline that other methods must beat.

    L = (1/D) Σ_d L_d. Each step draws the same number of samples from every domain, so that all count the same. ERM
    learns every shortcut that lowers the mean loss, even one that only holds in the training domains. Vapnik 1998; it
    is hard to beat on real domains: Gulrajani and Lopez-Paz 2021, https://arxiv.org/abs/2007.01434.
    """

    title: ClassVar = "ERM over domains"
    formula: ClassVar = r"L(\theta) = \frac{1}{D} \sum_d L_d(\theta)"
    line_style: ClassVar = ("magenta", "dashdot")
    kind: Literal["erm"] = "erm"
