"""Base class of sequential transfer: pre-training on the source, then training on the target's few labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field
from torch import Tensor, nn

from xfer_core.errors import XferError
from xfer_core.networks.base import Network
from xfer_core.problems.problem import Problem, ProblemData
from xfer_core.strategies.base import (
    Batch,
    Phase,
    StepContext,
    Strategy,
    equal_weights,
    forward_task_losses,
    require_labels,
    require_source,
    task_loss_terms,
)


class Transfer(Strategy):
    """A source phase, then :meth:`target_phases`; each task's own loss in both.

    A subclass adds its lesson, ``kind`` and ``title``, and overrides what differs.
    """

    family: ClassVar = "transfer"
    source_share: float = Field(default=0.5, gt=0, lt=1, title="Share of steps on the source")
    """The rest of the steps goes to the target, so that every strategy takes the same number of steps."""
    target_lr: float | None = Field(default=None, gt=0, le=10, title="Target learning rate")
    """Learning rate on the target; empty keeps the run's."""

    def check(self, problem: Problem) -> None:
        require_source(problem, self.kind)
        require_labels(problem, self.kind)

    def keeps_head(self) -> bool:
        return not getattr(self, "new_head", False)

    def phases(self, data: ProblemData, network: Network) -> tuple[Phase, ...]:
        return (Phase("source", data.problem.source, self.source_share), *self.target_phases(data, network))

    def target_phases(self, data: ProblemData, network: Network) -> tuple[Phase, ...]:
        """The phases after the source phase; their shares sum to 1 − ``source_share``."""
        return (self.target_phase(data),)

    def target_phase(self, data: ProblemData, name: str = "target", part: float = 1.0, **more: object) -> Phase:
        """A phase on the labelled target samples that takes ``part`` of the target's steps."""
        share = (1 - self.source_share) * part
        return Phase(name, data.problem.target, share=share, lr=self.target_lr, **more)  # pyright: ignore[reportArgumentType]

    def lambdas(self, problem: Problem) -> dict[str, float]:
        return {
            **equal_weights(task_loss_terms(problem, "source")),
            **equal_weights(task_loss_terms(problem, "target")),
        }

    def terms(self, batches: Mapping[str, Batch], context: StepContext) -> dict[str, Tensor]:
        return forward_task_losses(context.network, batches)


def new_head_field(default: bool = False) -> Any:
    """The field ``new_head`` of the methods that can reset the head."""
    words = "Reset the head to random values; else continue from the source's. Needed when the classes differ."
    return Field(default=default, title="New head", description=words)


def head_reset(new_head: bool) -> str:
    """``Phase.reset`` for the field ``new_head``."""
    return "heads" if new_head else "nothing"


def batch_norms(network: nn.Module) -> dict[str, nn.Module]:
    """The batch-norm layers by name."""
    return {
        name: layer for name, layer in network.named_modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)
    }


def require_batch_norm(network: Network, kind: str, nearest: str) -> None:
    """Reject a network without batch norm; ``nearest`` is the most similar method that needs none."""
    if not batch_norms(network):
        candidates = ({"strategy.kind": nearest}, {"network.kind": "small_cnn"})
        raise XferError("no_batch_norm", "network.kind", "a network without batch norm", candidates, kind=kind)
