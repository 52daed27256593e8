"""The rule of those who can spare a few target labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from xfer_core.errors import XferError
from xfer_core.problems.problem import Problem
from xfer_core.selections.base import Selection, ValidationView, mean_score, nearest_rules


class TargetValidation(Selection):
    """Take the step that does best on a few labelled target samples that training did not see.

    As many again of each class as the label budget gives to training. Honest if these labels are counted too; with
    few of them a matter of luck.
    """

    title: ClassVar = "Best on a few target labels"
    requires: ClassVar = "few target labels"
    kind: Literal["target_validation"] = "target_validation"

    def check(self, problem: Problem) -> None:
        if problem.labels_per_class == 0:
            what = "target labels, and the label budget is 0"
            label_free = () if problem.tasks[0] in problem.regressions() else ("entropy",)
            raise XferError(
                "rule_needs", "training.selection", self.kind, nearest_rules(problem, *label_free), what=what
            )

    def score(self, step: int, views: Mapping[str, ValidationView]) -> float:
        return mean_score(views)
