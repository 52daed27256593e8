"""Selection by the true labels of the test domains (oracle)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from xfer_core.selections.base import Selection, ValidationView, mean_score


class Oracle(Selection):
    """Take the step that is best on the true labels of the test domains: an upper bound, not a fair rule.

    It uses all labels of the validation samples of the domains that the run is tested on: the unseen ones, or else the
    targets. In practice these labels do not exist. It is included because many published results were selected this
    way.
    """

    title: ClassVar = "Oracle (uses the true labels)"
    requires: ClassVar = "answers"
    kind: Literal["oracle"] = "oracle"

    def score(self, step: int, views: Mapping[str, ValidationView]) -> float:
        return mean_score(views)
