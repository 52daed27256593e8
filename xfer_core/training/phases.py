"""Splits the steps of a run among its phases, and computes the learning-rate schedule within one."""

from __future__ import annotations

import math
from collections.abc import Sequence

from xfer_core.strategies.base import Phase
from xfer_core.training.config import Schedule


def phase_ends(phases: Sequence[Phase], steps: int) -> list[int]:
    """The step at which each phase ends; the last ends at ``steps``, and each has at least one step if possible.

    >>> phase_ends([Phase("a", (), 0.5), Phase("b", (), 0.5)], 401)
    [200, 401]
    """
    total, done, ends = sum(phase.share for phase in phases), 0.0, []
    for i, phase in enumerate(phases):
        done += phase.share
        least, most = (ends[-1] if ends else 0) + 1, steps - (len(phases) - 1 - i)
        ends.append(min(max(min(round(steps * done / total), most), least), steps))
    return ends


def rate_factor(schedule: Schedule, step: int, begin: int, end: int) -> float:
    """Factor of the learning rate in the step after ``step``, in a phase from ``begin`` to ``end``.

    >>> [rate_factor("cosine", step, 0, 4) for step in (0, 2)], rate_factor("constant", 2, 0, 4)
    ([1.0, 0.5], 1.0)
    """
    return 1.0 if schedule == "constant" else 0.5 * (1 + math.cos(math.pi * (step - begin) / (end - begin)))
