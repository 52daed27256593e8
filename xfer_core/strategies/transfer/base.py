"""Base class of sequential transfer: pre-training on the source, then training on the target's few labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field
from torch import Tensor

from xfer_core.networks.base import Network
from xfer_core.problems.problem import Problem, TrainingData
from xfer_core.strategies.base import (
    Batch,
    Phase,
    StepContext,
    Strategy,
    equal_weights,
    forward_task_losses,
    task_loss_terms,
)
from xfer_core.strategies.needs import Needs


class Transfer(Strategy):
    """A source phase, then :meth:`target_phases`; each task's own loss in both. Without a source domain, the weights
    that the network comes with take the place of the source phase.

    A subclass adds its lesson, ``kind`` and ``title``, and overrides what differs.
    """

    family: ClassVar = "transfer"
    needs: ClassVar = Needs(source=True, or_filled=True, target_labels=True)
    simpler: ClassVar = "fine_tune"
    source_share: float = Field(default=0.5, gt=0, lt=1, title="Share of steps on the source")
    """The rest of the steps goes to the target, so that every strategy takes the same number of steps."""
    target_lr: float | None = Field(default=None, gt=0, le=10, title="Target learning rate")
    """Learning rate on the target; empty keeps the run's."""

    def keeps_head(self) -> bool:
        return True

    def phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        source = (Phase("source", data.problem.source, self.source_share),) if data.problem.source else ()
        return (*source, *self.target_phases(data, network))

    def target_phases(self, data: TrainingData, network: Network) -> tuple[Phase, ...]:
        """The phases after the source phase; their shares sum to 1 − ``source_share``, or without a source to 1."""
        return (self.target_phase(data),)

    def target_phase(self, data: TrainingData, name: str = "target", part: float = 1.0, **more: object) -> Phase:
        """A phase on the labelled target samples that takes ``part`` of the target's steps."""
        share = (1 - self.source_share if data.problem.source else 1.0) * part
        return Phase(name, data.problem.target, share=share, lr=self.target_lr, **more)  # pyright: ignore[reportArgumentType]

    def lambdas(self, problem: Problem) -> dict[str, float]:
        return {
            **equal_weights(task_loss_terms(problem, "source")),
            **equal_weights(task_loss_terms(problem, "target")),
        }

    def terms(self, batches: Mapping[str, Batch], context: StepContext) -> dict[str, Tensor]:
        return forward_task_losses(context.network, batches)


class ResetsHead(Transfer):
    """Transfer that can start the target with a new head: a subclass has the field :func:`new_head_field`."""

    if TYPE_CHECKING:
        new_head: bool

    def keeps_head(self) -> bool:
        return not self.new_head

    def head_reset(self) -> Literal["heads", "nothing"]:
        """``Phase.reset`` of the first target phase."""
        return "heads" if self.new_head else "nothing"


def new_head_field(default: bool = False) -> Any:
    """The field ``new_head``."""
    words = "Reset the head to random values; else continue from the source's. Needed when the classes differ."
    return Field(default=default, title="New head", description=words)
