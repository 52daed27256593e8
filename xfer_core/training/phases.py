"""How the steps of a run are shared among its phases, and how the learning rate runs within one."""

from __future__ import annotations

import math
from collections.abc import Sequence

from xfer_core.strategies.base import Phase
from xfer_core.training.config import Schedule


def phase_ends(phases: Sequence[Phase], steps: int) -> list[int]:
    """The step at which each phase ends; every phase gets at least one step if there are enough, the last ends at
    ``steps``.

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
    """What the learning rate is multiplied by in the step after ``step`` of a phase that lasts from begin to end.

    >>> [rate_factor("cosine", step, 0, 4) for step in (0, 2)], rate_factor("constant", 2, 0, 4)
    ([1.0, 0.5], 1.0)
    """
    return 1.0 if schedule == "constant" else 0.5 * (1 + math.cos(math.pi * (step - begin) / (end - begin)))
