"""Transfer: learn on the source, then go on learning on the target with some stages fixed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field
from torch import Tensor

from xfer_core.domains.problem import Dealt, Problem
from xfer_core.networks.base import Network
from xfer_core.strategies.base import (
    Batch,
    Context,
    Phase,
    Strategy,
    equal_shares,
    require_labels,
    require_source,
    task_losses,
    task_terms,
)


class FineTune(Strategy):
    """Train on the source, carry the weights over, go on training on the few target labels; fixed stages stay put.

    First minimise L_source(θ). Then keep θ_fix as it is and minimise L_target(θ_upd; θ_fix). Few fixed stages adapt
    more but forget and overfit more; many fixed stages keep what the source taught. Batch-norm statistics of a fixed
    stage do not move either. Transferring the lower layers and fixing them: Yosinski et al. 2014,
    https://arxiv.org/abs/1411.1792.
    """

    family: ClassVar = "transfer"
    title: ClassVar = "Fine-tuning"
    kind: Literal["fine_tune"] = "fine_tune"
    frozen: tuple[str, ...] = Field(default=(), title="Fixed stages")
    """Stages (or single parameters and buffers) that stay as the source left them."""
    new_head: bool = Field(default=False, title="New head")
    """Start the head again from random values for the target: needed when the classes differ."""
    target_lr: float | None = Field(default=None, gt=0, le=10, title="Target learning rate")
    """Learning rate of the second phase; empty keeps the run's."""
    source_share: float = Field(default=0.5, gt=0, lt=1, title="Share of steps on the source")
    """The rest of the steps goes to the target, so that every strategy takes the same number of steps."""

    def check(self, problem: Problem) -> None:
        require_source(problem, self.kind)
        require_labels(problem, self.kind)

    def keeps_head(self) -> bool:
        return not self.new_head

    def phases(self, dealt: Dealt, network: Network) -> tuple[Phase, ...]:
        return (
            Phase("source", dealt.problem.source, share=self.source_share),
            Phase(
                "target",
                dealt.problem.target,
                share=1 - self.source_share,
                fixed=network.expand(self.frozen),
                lr=self.target_lr,
                new_heads=self.new_head,
            ),
        )

    def lambdas(self, problem: Problem) -> dict[str, float]:
        return {**equal_shares(task_terms(problem, "source")), **equal_shares(task_terms(problem, "target"))}

    def terms(self, batches: Mapping[str, Batch], context: Context) -> dict[str, Tensor]:
        return task_losses(context.network, batches)
