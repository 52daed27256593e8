"""A run in this process, without a store: for notebooks, scripts and the worker."""

from __future__ import annotations

from typing import Any

from xfer_core.runs.spec import RunSpec
from xfer_core.training.callback import Callback
from xfer_core.training.trainer import Result, Trainer


def trainer_for(spec: RunSpec, **more: Any) -> Trainer:
    """The trainer of a spec, not begun; ``more`` as :class:`Trainer` takes it: a callback, a checkpoint.

    Raises:
        XferError: naming the field, the rule and the value.
    """
    return Trainer(spec.problem, spec.network, spec.strategy, spec.training, spec.seed, **more)


def train(spec: RunSpec, callback: Callback | None = None) -> Result:
    """Train from random weights to test metrics. The same spec gives the same numbers.

    Raises:
        XferError: what the spec breaks, or what broke while it trained.
    """
    return trainer_for(spec, callback=callback).run()
