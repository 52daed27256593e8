"""V-REx: penalises the variance of the risks over the domains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from torch import Tensor

from xfer_core.objectives.risk_variance import risk_variance
from xfer_core.strategies.base import Batch, ForwardOutput
from xfer_core.strategies.generalised.base import AnnealedPenalty


class VREx(AnnealedPenalty):
    """Make the loss the same in every domain: a shortcut that works better in one than in another is then penalised.

    L = mean_d L_d + λ · Var_d(L_d). Equal losses in the training domains are taken as a sign that they will be equal in
    others too (risk extrapolation). If one domain is simply harder, all others are held back to its level.
    Krueger et al. 2021, https://arxiv.org/abs/2003.00688; λ = 10 after the anneal, at most 1 before it.
    """

    title: ClassVar = "V-REx"
    formula: ClassVar = r"\frac{1}{D} \sum_d L_d(\theta) + \lambda\, \mathrm{Var}_d\, L_d(\theta)"
    term_titles: ClassVar = {"penalty": "Variance of the domains' losses"}
    line_style: ClassVar = ("red", "dashdot")
    kind: Literal["vrex"] = "vrex"

    def invariance_terms(
        self, views: Mapping[str, ForwardOutput], batches: Mapping[str, Batch], risks: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        return {"penalty": risk_variance([losses.mean() for losses in risks.values()])}
