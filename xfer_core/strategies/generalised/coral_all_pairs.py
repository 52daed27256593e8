"""CORAL over all pairs of domains."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from xfer_core.objectives.coral import coral
from xfer_core.strategies.base import Batch, ForwardOutput
from xfer_core.strategies.generalised.base import DomainGeneralisation


class CORALAllPairs(DomainGeneralisation):
    """Train on all domains with features whose covariance is the same in each of them.

    L = mean_d L_d + λ · mean over pairs a < b of ‖C_a − C_b‖²_F / (4d²), with the covariances C of the d features in a
    batch. Features with the same covariance in all training domains may have it in an unseen domain too. As with Deep
    CORAL, two feature clouds with the same covariance may still lie apart. Sun and Saenko 2016,
    https://arxiv.org/abs/1607.01719; over domains: Gulrajani and Lopez-Paz 2021, https://arxiv.org/abs/2007.01434.
    """

    title: ClassVar = "CORAL over all pairs"
    formula: ClassVar = (
        r"\frac{1}{D} \sum_d L_d + \lambda\, \underset{a < b}{\mathrm{mean}}\ "
        r"\frac{1}{4d^2} \lVert C_a - C_b \rVert_F^2"
    )
    term_titles: ClassVar = {"distance": "Distance of the covariances"}
    line_style: ClassVar = ("ink", "dot")
    kind: Literal["coral_all_pairs"] = "coral_all_pairs"
    weight: float = Field(default=1.0, ge=0, le=1000, title="λ of the distance")
    """Weight of the covariance distance beside the labels."""

    def method_weights(self) -> dict[str, float]:
        return {"distance": self.weight}

    def invariance_terms(
        self, views: Mapping[str, ForwardOutput], batches: Mapping[str, Batch], risks: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        distances = [coral(a.features, b.features) for a, b in combinations(views.values(), 2)]
        return {"distance": torch.stack(distances).mean()}
