"""Verdict on one run: its test result and its difference to a baseline, as numbers for a sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from xfer_core.analysis.accuracy import gain
from xfer_core.names import is_error
from xfer_core.runs.store import STOPPED, Run
from xfer_core.strategies import BASELINES

SCRATCH, SOURCE = (form.kind_name() for form in BASELINES)


@dataclass(frozen=True)
class Verdict:
    """The numbers of the sentence.

    Attributes:
        value: on the target's test samples: accuracy, a fraction, or mean error in the unit of its task.
        is_error: whether the value is an error, so that less is better.
        against: the baseline that it is compared with (``target_only``, ``source_only``), empty if there is none.
        baseline: the value of that baseline; NaN if there is none.
        noise: standard error of the difference from the finite test set, a fraction; NaN if unknown.
        stopped_at: the step at which a person stopped it; None if it finished.
        stopped_in: index of the phase at that step; None if it finished.
        phases: number of its phases.
        unit: of an error.
        network: kind of the baseline's network, where it is another than the run's.
    """

    value: float
    is_error: bool
    against: str = ""
    baseline: float = math.nan
    noise: float = math.nan
    stopped_at: int | None = None
    stopped_in: int | None = None
    phases: int = 1
    unit: str = ""
    network: str = ""

    @property
    def better(self) -> float:
        """The difference to the baseline, positive is better, in the unit of the value."""
        return self.baseline - self.value if self.is_error else self.value - self.baseline

    @property
    def is_significant(self) -> bool:
        """Whether the difference is more than twice its standard error. Never for an error, whose noise is unknown, and
        never for a stopped run."""
        return self.stopped_at is None and abs(self.better) > 2 * self.noise

    @property
    def cut_short(self) -> bool:
        """Whether it was stopped before its last phase, which trains on the evaluated task, began."""
        return self.stopped_in is not None and self.stopped_in < self.phases - 1


def verdict(run: Run, baselines: Sequence[Run], samples: int | None) -> Verdict | None:
    """The verdict on a run.

    Args:
        run: that has ended.
        baselines: of this run, as ``xfer_core/runs/baselines.py`` has them; those without a result are ignored.
        samples: of the target's test set; None if unknown.

    Returns:
        None without a result, or if it is not finite.
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
        "unit": spec.problem.unit(spec.problem.tasks[0]),
        "phases": len(progress.get("phases", ())) or 1,
    }
    others = {base.spec["strategy"]["kind"]: base for base in baselines if base.target_metric and not base.broke}
    # From scratch uses the same labels, so a gain over it is due to transfer; without labels only the source is left.
    for kind in (SCRATCH, SOURCE):
        if kind in others and kind != spec.strategy.kind:
            found = others[kind].target_metric
            assert found is not None
            noise = math.nan
            if samples and not shared["is_error"]:
                noise = gain(found["value"], metric["value"], samples).noise
            network = others[kind].spec["network"]["kind"]
            other = network if network != spec.network.kind else ""
            return Verdict(**shared, against=kind, baseline=found["value"], noise=noise, network=other)
    return Verdict(**shared)
