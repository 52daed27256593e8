"""What one run shows, as the numbers of a sentence: its test result, and how it stands to a baseline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from xfer_core.analysis.accuracy import gain
from xfer_core.names import is_error
from xfer_core.runs.store import STOPPED, Run

SCRATCH, SOURCE = "target_only", "source_only"


@dataclass(frozen=True)
class Verdict:
    """The numbers of the sentence.

    Attributes:
        value: on the target's test samples: accuracy, a fraction, or mean error in the unit of its task.
        is_error: whether the value is an error, so that less is better.
        against: the baseline that it is compared with (``target_only``, ``source_only``), empty where there is none.
        baseline: the value of that baseline; NaN where there is none.
        noise: standard error of the difference that the finite test set makes, a fraction; NaN where it is not known.
        stopped_at: the step at which a person stopped it; None where it went to its end.
        stopped_in: 0 for the first of its phases; None as above.
        phases: how many phases it has.
    """

    value: float
    is_error: bool
    against: str = ""
    baseline: float = math.nan
    noise: float = math.nan
    stopped_at: int | None = None
    stopped_in: int | None = None
    phases: int = 1

    @property
    def better(self) -> float:
        """By how much it is better than the baseline: positive is better, in the unit of the value."""
        return self.baseline - self.value if self.is_error else self.value - self.baseline

    @property
    def is_significant(self) -> bool:
        """Whether that is more than twice what the finite test set alone could make. Never of an error, whose noise is
        not known, and never of a run that was cut short."""
        return self.stopped_at is None and abs(self.better) > 2 * self.noise

    @property
    def cut_short(self) -> bool:
        """Whether it was stopped before its last phase began, so that it never learned what it is judged by."""
        return self.stopped_in is not None and self.stopped_in < self.phases - 1


def verdict(run: Run, baselines: Sequence[Run], samples: int | None) -> Verdict | None:
    """What a run shows.

    Args:
        run: which has ended.
        baselines: on the same problem, network, training and seed; those without a result are passed over.
        samples: of the target's test; None where that is not known.

    Returns:
        None where there is no result, or one that is no number.
    """
    metric = run.target_metric
    if metric is None or run.broke:
        return None
    spec, progress = run.typed_spec, run.progress or {}
    stopped = run.status == STOPPED
    shared = {
        "value": metric["value"],
        "is_error": is_error(metric["name"]),
        "stopped_at": (run.result or {}).get("step") if stopped else None,
        "stopped_in": progress.get("phase_index") if stopped else None,
        "phases": len(progress.get("phases", ())) or 1,
    }
    others = {base.spec["strategy"]["kind"]: base for base in baselines if base.target_metric and not base.broke}
    # From scratch has the same labels, so what is better than it came over; without labels there is only the source.
    for kind in (SCRATCH, SOURCE):
        if kind in others and kind != spec.strategy.kind:
            found = others[kind].target_metric
            assert found is not None
            noise = math.nan
            if samples and not shared["is_error"]:
                noise = gain(found["value"], metric["value"], samples).noise
            return Verdict(**shared, against=kind, baseline=found["value"], noise=noise)
    return Verdict(**shared)
