"""Selection by accuracy on the source's validation samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from xfer_core.errors import XferError
from xfer_core.problems.problem import Problem
from xfer_core.selections.base import Selection, ValidationView, mean_score


class SourceValidation(Selection):
    """Take the step that is best on validation samples of the source.

    Fair and always possible; but the best step there need not be the best on the target, and a shortcut of the source
    looks like progress.
    """

    title: ClassVar = "Best on the source"
    requires: ClassVar = "source labels"
    kind: Literal["source_validation"] = "source_validation"

    def check(self, problem: Problem) -> None:
        if not problem.source:
            raise XferError(
                "rule_needs", "training.selection", self.kind, ({"training.selection": "last"},), what="a source domain"
            )

    def score(self, step: int, views: Mapping[str, ValidationView]) -> float:
        return mean_score(views)
