"""How knowledge moves. Adding a strategy is adding a file, and its class to the two lines below."""

from __future__ import annotations

from xfer_core.strategies.base import Batch, Context, Phase, Strategy
from xfer_core.strategies.fine_tune import FineTune
from xfer_core.strategies.generalised import Generalised
from xfer_core.strategies.joint import Joint
from xfer_core.strategies.source_only import SourceOnly
from xfer_core.strategies.target_only import TargetOnly

AnyStrategy = FineTune | Joint | Generalised | SourceOnly | TargetOnly
STRATEGIES: tuple[type[Strategy], ...] = (FineTune, Joint, Generalised, SourceOnly, TargetOnly)

__all__ = ["STRATEGIES", "AnyStrategy", "Batch", "Context", "Phase", "Strategy"]
