"""MMD (DAN): aligns the feature distributions of source and target."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field
from torch import Tensor

from xfer_core.objectives.mmd import mk_mmd
from xfer_core.strategies.adaptation.base import Alignment
from xfer_core.strategies.base import ForwardOutput, StepContext


class MMD(Alignment):
    """Learn the source's labels with features that are distributed alike on source and target.

    L = L_source + λ · MMD²_k, the squared distance between the mean embeddings of both feature clouds under the mean of
    five Gaussian kernels; it is zero only if both distributions are the same. It ignores the classes, and so may align
    one class of the target with another. Known as DAN. Long et al. 2015, https://arxiv.org/abs/1502.02791.
    """

    title: ClassVar = "MMD (DAN)"
    formula: ClassVar = r"L_{\text{source}} + \lambda\, \mathrm{MMD}_k^2(f(X_s), f(X_t))"
    term_titles: ClassVar = {"distance": "MMD of the features"}
    line_style: ClassVar = ("ochre", "dot")
    kind: Literal["mmd"] = "mmd"
    weight: float = Field(default=1.0, ge=0, le=1000, title="λ of the distance")
    """Weight of the distance beside the source's labels."""

    def alignment_terms(self, source: ForwardOutput, target: ForwardOutput, context: StepContext) -> dict[str, Tensor]:
        return {"distance": mk_mmd(source.features, target.features)}
