"""CDAN: conditional adversarial adaptation; the discriminator also gets the network's predictions."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from xfer_core.networks.base import Network
from xfer_core.objectives.domain_adversarial import domain_adversarial_loss
from xfer_core.objectives.gradient_reversal import reversal_strength, reverse_gradient
from xfer_core.objectives.multilinear import (
    LARGEST_MAP,
    entropy_weights,
    multilinear_map,
    random_multilinear_map,
)
from xfer_core.problems.problem import TrainingData
from xfer_core.strategies.adaptation.base import Alignment, output_counts, probabilities, width_of
from xfer_core.strategies.adaptation.discriminator import discriminator
from xfer_core.strategies.base import ForwardOutput, StepContext

RANDOM_WIDTH = 1024  # entries of the random map, the paper's


class CDAN(Alignment):
    """As DANN, but the discriminator gets features and predictions together, so that sevens are aligned with sevens.

    The input of D is f ⊗ g, the outer product of the features f and the class probabilities g (no gradient through g);
    above 4096 entries a random map (f R_f) ⊙ (g R_g) / √1024 replaces it. With entropy conditioning (CDAN+E) a sample
    weighs 1 + e^{−H(g)}, so that uncertain predictions count less. It fails if the first predictions are wrong: then
    different classes are aligned. Long et al. 2018, https://arxiv.org/abs/1705.10667.
    """

    title: ClassVar = "CDAN"
    formula: ClassVar = (
        r"\min_{f, h} \max_D\ L_{\text{source}}(h \circ f) - \lambda\, L_{\text{domain}}(D(f \otimes g))"
    )
    term_titles: ClassVar = {"domain": "Domain discriminator"}
    needs: ClassVar = replace(Alignment.needs, classes=True, alternative="dann")
    line_style: ClassVar = ("teal", "solid")
    kind: Literal["cdan"] = "cdan"
    weight: float = Field(default=1.0, ge=0, le=10, title="λ of the domain loss")
    """Weight of the discriminator's loss, for the discriminator and for the features."""
    entropy: bool = Field(default=True, title="Weigh by confidence (CDAN+E)")
    """Samples with a confident prediction count up to twice as much."""
    hidden: int = Field(default=256, ge=8, le=4096, title="Width of the discriminator")
    """Units of each of its two hidden layers."""

    def modules(self, data: TrainingData, network: Network) -> dict[str, nn.Module]:
        width, classes = width_of(network), sum(output_counts(network).values())
        if width * classes <= LARGEST_MAP:
            return {"discriminator": discriminator(width * classes, self.hidden)}
        maps = nn.Module()
        maps.register_buffer("features", torch.randn(width, RANDOM_WIDTH))
        maps.register_buffer("answers", torch.randn(classes, RANDOM_WIDTH))
        return {"discriminator": discriminator(RANDOM_WIDTH, self.hidden), "maps": maps}

    def alignment_terms(self, source: ForwardOutput, target: ForwardOutput, context: StepContext) -> dict[str, Tensor]:
        strength = reversal_strength(context.progress)
        logits, weights = [], []
        for view in (source, target):
            predictions = probabilities(view)
            joint = reverse_gradient(self._map(view.features, predictions, context.modules), strength)
            logits.append(context.modules["discriminator"](joint))
            weights.append(entropy_weights(predictions) if self.entropy else None)
        return {"domain": domain_adversarial_loss(*logits, *weights)}

    def _map(self, features: Tensor, answers: Tensor, modules: nn.ModuleDict) -> Tensor:
        if "maps" not in modules:
            return multilinear_map(features, answers)
        return random_multilinear_map(features, answers, modules["maps"].features, modules["maps"].answers)  # pyright: ignore[reportArgumentType]
