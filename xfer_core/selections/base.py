"""What a selection rule is: it scores the network at every look, and may see only what it says it sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from xfer_core.config import Config
from xfer_core.errors import XferError
from xfer_core.problems.problem import Problem

Evidence = Literal["nothing", "source labels", "few target labels", "target images", "answers"]


@dataclass(frozen=True)
class ValidationView:
    """What the network says of the validation samples of one domain, in the task that the run is judged by.

    Attributes:
        outputs: logits float32 (N, K), or (N, 1) for a regression.
        labels: what is right, int64 or float32 (N,); None where the rule may not see it.
    """

    outputs: Tensor
    labels: Tensor | None = None

    def score(self) -> float:
        """The fraction of right answers, or minus the mean absolute error; NaN where an answer is no number, for the
        largest of NaNs is a class like any other.

        Raises:
            TypeError: the labels are not to be seen.
        """
        if self.labels is None:
            raise TypeError("these labels are not to be seen")
        if self.labels.is_floating_point():
            off = (self.outputs[:, 0] - self.labels).abs()
            return -float(off.cpu().double().mean())  # the sum of large errors is more than float32 holds
        right = (self.outputs.argmax(1) == self.labels).float().mean()
        return float(torch.where(self.outputs.isfinite().all(), right, torch.nan))


class Selection(Config):
    """Which step of a run counts. The docstring says what the rule looks at, and what that is worth."""

    title: ClassVar[str]
    requires: ClassVar[Evidence]
    """What it looks at: of anything else it is given nothing."""
    kind: str

    def check(self, problem: Problem) -> None:
        """Refuse a problem that does not hold what the rule looks at.

        Raises:
            XferError: for ``training.selection``, with the nearest rule that fits.
        """

    def score(self, step: int, views: Mapping[str, ValidationView]) -> float:
        """How good this step looks, higher is better; of equals the later counts.

        Args:
            step: steps done.
            seen: domain → what the rule may see of it, one domain at least unless it sees nothing.
        """
        raise TypeError(f"{type(self).__name__} must define score")


class LabelFree(Selection):
    """A rule that looks at target images alone. A subclass adds ``kind``, its words and :meth:`score_logits`."""

    requires: ClassVar = "target images"

    def check(self, problem: Problem) -> None:
        if problem.tasks[0] in problem.regressions():
            raise XferError("rule_needs", "training.selection", self.kind, nearest_rules(problem), what="classes")

    def score(self, step: int, views: Mapping[str, ValidationView]) -> float:
        return sum(self.score_logits(answers.outputs) for answers in views.values()) / len(views)

    def score_logits(self, logits: Tensor) -> float:
        """The score of one domain from its logits, float32 (N, K)."""
        raise TypeError(f"{type(self).__name__} must define score_of")


def nearest_rules(problem: Problem, *first: str) -> tuple[dict[str, object], ...]:
    """What to take in place of a rule that does not fit: ``first``, else a rule that needs no target samples."""
    kinds = (*first, *(("source_validation",) if problem.source else ()), "last")
    return tuple({"training.selection": kind} for kind in kinds)


def mean_score(views: Mapping[str, ValidationView]) -> float:
    """The mean over domains of :meth:`ValidationView.score`."""
    return sum(answers.score() for answers in views.values()) / len(views)
