"""How the steps of a run are shared among its phases."""

from __future__ import annotations

from collections.abc import Sequence

from xfer_core.strategies.base import Phase


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
