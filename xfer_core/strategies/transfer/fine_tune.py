"""Transfer: learn on the source, then go on learning on the target with some stages fixed."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from xfer_core.config import Distinct, Name
from xfer_core.networks.base import Network
from xfer_core.problems.problem import ProblemData
from xfer_core.strategies.base import Phase, Showcase
from xfer_core.strategies.transfer.base import Transfer, head_reset, new_head_field


class FineTune(Transfer):
    """Train on the source, carry the weights over, go on training on the few target labels; fixed stages stay put.

    First minimise L_source(θ). Then keep θ_fix as it is and minimise L_target(θ_upd; θ_fix). Few fixed stages adapt
    more but forget and overfit more; many fixed stages keep what the source taught. Batch-norm statistics of a fixed
    stage do not move either. Transferring the lower layers and fixing them: Yosinski et al. 2014,
    https://arxiv.org/abs/1411.1792.
    """

    title: ClassVar = "Fine-tuning"
    formula: ClassVar = (
        r"L_{\text{source}}(\theta),\ \text{then}\ L_{\text{target}}(\theta_{\text{upd}}; \theta_{\text{fix}})"
    )
    showcase: ClassVar = Showcase(
        "handwritten_to_photo_5",
        "Strokes learned on clean digits are still there under a photograph; five labels a class find them again.",
        baseline="target_only",
    )
    counterexample: ClassVar = Showcase(
        "photo_to_handwritten_1",
        "The source's network already knows clean digits; ten pictures and a large learning rate make it forget.",
        baseline="source_only",
    )
    kind: Literal["fine_tune"] = "fine_tune"
    frozen: Annotated[tuple[Name, ...], Distinct] = Field(default=(), title="Frozen stages", max_length=1000)
    """Stages (or single parameters and buffers) that stay as the source left them."""
    new_head: bool = new_head_field()

    def target_phases(self, data: ProblemData, network: Network) -> tuple[Phase, ...]:
        return (self.target_phase(data, frozen=network.expand_names(self.frozen), reset=head_reset(self.new_head)),)
