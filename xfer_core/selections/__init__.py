"""Which step of a run counts. Adding a rule is adding a file, and its class to ``SELECTIONS``."""

from __future__ import annotations

from xfer_core.forms import Form
from xfer_core.selections.last import LastStep

SELECTIONS: tuple[type[Form], ...] = (LastStep,)

__all__ = ["SELECTIONS", "LastStep"]
