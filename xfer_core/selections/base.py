"""Base class of the selection rules: each scores the network at every evaluation, from the data that it requires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from xfer_core.config import Config
from xfer_core.errors import XferError
from xfer_core.problems.problem import Problem

Evidence = Literal["nothing", "source labels", "few target labels", "target inputs", "answers"]


@dataclass(frozen=True)
class ValidationView:
    """The network's outputs for the validation samples of one domain, in the first task of the run.

    Attributes:
        outputs: logits float32 (N, K), or (N, 1) for a regression.
        labels: true labels, int64 or float32 (N,); None if the rule may not use them.
    """

    outputs: Tensor
    labels: Tensor | None = None

    def score(self) -> float:
        """Accuracy as a fraction, or minus the mean absolute error; NaN if an output is not finite, because argmax
        gives a class even for NaNs.

        Raises:
            TypeError: the labels are not to be seen.
        """
        if self.labels is None:
            raise TypeError("these labels are not to be seen")
        if self.labels.is_floating_point():
            off = (self.outputs[:, 0] - self.labels).abs()
            return -float(off.cpu().double().mean())  # the sum of large errors can overflow float32
        right = (self.outputs.argmax(1) == self.labels).float().mean()
        return float(torch.where(self.outputs.isfinite().all(), right, torch.nan))


class Selection(Config):
    """A rule that selects the step whose checkpoint is reported. The docstring says what it uses and how good it is."""

    title: ClassVar[str]
    requires: ClassVar[Evidence]
    """The data that it uses: it gets nothing else."""
    kind: str

    def check(self, problem: Problem) -> None:
        """Reject a problem without the data that the rule requires.

        Raises:
            XferError: for ``training.selection``, with the nearest rule that fits.
        """

    def score(self, step: int, views: Mapping[str, ValidationView]) -> float:
        """The score of this step, higher is better; of equal scores the later step is selected.

        Args:
            step: steps done.
            views: domain → outputs and, where allowed, labels; at least one domain unless the rule requires nothing.
        """
        raise TypeError(f"{type(self).__name__} must define score")


class LabelFree(Selection):
    """A rule that uses only target inputs. A subclass adds ``kind``, ``title``, its lesson and :meth:`score_logits`."""

    requires: ClassVar = "target inputs"

    def check(self, problem: Problem) -> None:
        if problem.tasks[0] in problem.regressions():
            raise XferError("rule_needs", "training.selection", self.kind, nearest_rules(problem), what="classes")

    def score(self, step: int, views: Mapping[str, ValidationView]) -> float:
        return sum(self.score_logits(view.outputs) for view in views.values()) / len(views)

    def score_logits(self, logits: Tensor) -> float:
        """The score of one domain from its logits, float32 (N, K)."""
        raise TypeError(f"{type(self).__name__} must define score_logits")


def nearest_rules(problem: Problem, *first: str) -> tuple[dict[str, object], ...]:
    """Replacements of a rule that does not apply: ``first``, else a rule that needs no target samples."""
    kinds = (*first, *(("source_validation",) if problem.source else ()), "last")
    return tuple({"training.selection": kind} for kind in kinds)


def mean_score(views: Mapping[str, ValidationView]) -> float:
    """The mean over domains of :meth:`ValidationView.score`."""
    return sum(view.score() for view in views.values()) / len(views)
