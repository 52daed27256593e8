"""The baselines of a run, which a transfer must beat: on the same problem, network, training and seed."""

from __future__ import annotations

from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import FINISHED, Run, Store
from xfer_core.strategies import BASELINES


def finished_baselines(store: Store, run: Run) -> list[Run]:
    """The baselines with a result in the store, the newest of each kind; without the run's own kind.

    Args:
        store: to search.
        run: to compare with.
    """
    spec = run.typed_spec
    found = []
    for kind in (form.kind_name() for form in BASELINES):
        if kind != spec.strategy.kind:
            wanted = RunSpec.model_validate({**spec.model_dump(mode="json"), "strategy": {"kind": kind}})
            alike = store.find(digest=wanted.digest(), statuses=(FINISHED,))
            found += [one for one in alike if one.target_metric and not one.broke][:1]
    return found
