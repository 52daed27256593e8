"""Selection by accuracy on a few labelled validation samples of the target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from xfer_core.errors import XferError
from xfer_core.problems.problem import Problem
from xfer_core.selections.base import Selection, ValidationView, mean_score, nearest_rules


class TargetValidation(Selection):
    """Take the step that is best on a few labelled target samples that training does not use.

    It uses as many labels of each class as the label budget gives to training. Fair if these labels are counted too;
    with few of them mostly chance.
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
