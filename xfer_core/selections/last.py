"""Selection of the last step; uses no data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from xfer_core.selections.base import Selection, ValidationView


class LastStep(Selection):
    """Report the network after the last step.

    No label is used, so nothing can leak.
    """

    title: ClassVar = "Last step"
    requires: ClassVar = "nothing"
    kind: Literal["last"] = "last"

    def score(self, step: int, views: Mapping[str, ValidationView]) -> float:
        return float(step)
