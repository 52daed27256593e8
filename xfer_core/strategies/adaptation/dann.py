"""DANN: domain-adversarial training; features from which a discriminator cannot tell the domain."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field
from torch import Tensor, nn

from xfer_core.networks.base import Network
from xfer_core.objectives.domain_adversarial import domain_adversarial_loss
from xfer_core.objectives.gradient_reversal import reversal_strength, reverse_gradient
from xfer_core.problems.problem import TrainingData
from xfer_core.strategies.adaptation.base import Alignment, width_of
from xfer_core.strategies.adaptation.discriminator import discriminator
from xfer_core.strategies.base import ForwardOutput, StepContext


class DANN(Alignment):
    """Learn the source's labels with features from which a discriminator cannot tell source from target.

    min over f, h and max over D of L_source(h ∘ f) − λ · L_domain(D ∘ f). The discriminator D learns to tell domains
    apart; its gradient is reversed before the features, times λ(p) = 2 / (1 + e^{−10p}) − 1 with p the fraction of the
    run that is done. It fails if the class distributions of the domains differ: then good features do tell the domain.
    Ganin et al. 2016, https://arxiv.org/abs/1505.07818.
    """

    title: ClassVar = "DANN"
    formula: ClassVar = r"\min_{f, h} \max_D\ L_{\text{source}}(h \circ f) - \lambda\, L_{\text{domain}}(D \circ f)"
    term_titles: ClassVar = {"domain": "Domain discriminator"}
    line_style: ClassVar = ("brown", "dashdotdot")
    kind: Literal["dann"] = "dann"
    weight: float = Field(default=1.0, ge=0, le=10, title="λ of the domain loss")
    """Weight of the discriminator's loss, for the discriminator and for the features."""
    hidden: int = Field(default=256, ge=8, le=4096, title="Width of the discriminator")
    """Units of each of its two hidden layers."""

    def modules(self, data: TrainingData, network: Network) -> dict[str, nn.Module]:
        return {"discriminator": discriminator(width_of(network), self.hidden)}

    def alignment_terms(self, source: ForwardOutput, target: ForwardOutput, context: StepContext) -> dict[str, Tensor]:
        strength = reversal_strength(context.progress)
        logits = (context.modules["discriminator"](reverse_gradient(v.features, strength)) for v in (source, target))
        return {"domain": domain_adversarial_loss(*logits)}
