"""The baselines of a run: what a transfer must beat, on the same problem, network, training and seed."""

from __future__ import annotations

from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import FINISHED, Run, Store

BASELINES = ("target_only", "source_only")


def finished_baselines(store: Store, run: Run) -> list[Run]:
    """Those that are in the store and have a result, the newest of each kind; none for what is one itself of that kind.

    Args:
        store: where they are looked for.
        run: which they are compared with.
    """
    spec = run.typed_spec
    found = []
    for kind in BASELINES:
        if kind != spec.strategy.kind:
            asked = RunSpec.model_validate({**spec.model_dump(mode="json"), "strategy": {"kind": kind}})
            alike = store.find(digest=asked.digest(), statuses=(FINISHED,))
            found += [one for one in alike if one.target_metric and not one.broke][:1]
    return found
