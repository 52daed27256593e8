"""Deep CORAL: aligns the covariances of source and target features."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field
from torch import Tensor

from xfer_core.objectives.coral import coral
from xfer_core.strategies.adaptation.base import Alignment
from xfer_core.strategies.base import ForwardOutput, StepContext


class CORAL(Alignment):
    """Learn the source's labels with features whose covariance is the same on source and target.

    L = L_source + λ · ‖C_s − C_t‖²_F / (4d²), where C_s, C_t are the covariances of the d features over a batch. One
    formula, no discriminator, hardly anything to tune; but two feature clouds can have the same covariance and still
    lie apart, or have their classes exchanged. Sun and Saenko 2016, https://arxiv.org/abs/1607.01719.
    """

    title: ClassVar = "Deep CORAL"
    formula: ClassVar = r"L_{\text{source}} + \lambda\, \frac{1}{4d^2} \lVert C_s - C_t \rVert_F^2"
    term_titles: ClassVar = {"distance": "Distance of the covariances"}
    line_style: ClassVar = ("lime", "longdashdot")
    kind: Literal["coral"] = "coral"
    weight: float = Field(default=10.0, ge=0, le=1000, title="λ of the distance")
    """Weight of the distance beside the source's labels."""

    def alignment_terms(self, source: ForwardOutput, target: ForwardOutput, context: StepContext) -> dict[str, Tensor]:
        return {"distance": coral(source.features, target.features)}
