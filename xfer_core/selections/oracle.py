"""The rule that looks at the answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from xfer_core.selections.base import Selection, ValidationView, mean_score


class Oracle(Selection):
    """Take the step that does best on the answers themselves: a limit from above, and no honest rule.

    It sees all labelled validation samples of the very domains that the run is judged by: the unseen ones, or else the
    targets. Nobody has these labels. It is here because much of what is published was chosen like this.
    """

    title: ClassVar = "Oracle (looks at the answers)"
    requires: ClassVar = "answers"
    kind: Literal["oracle"] = "oracle"

    def score(self, step: int, views: Mapping[str, ValidationView]) -> float:
        return mean_score(views)
