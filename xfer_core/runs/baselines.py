"""The baselines of a run, which a transfer must beat: on the same problem, training and seed, with the same network, or
what stands for it where it comes filled: a baseline must not begin with the knowledge whose use it measures."""

from __future__ import annotations

from xfer_core.runs.spec import RunSpec, unchanged
from xfer_core.runs.store import FINISHED, Run, Store
from xfer_core.strategies import BASELINES, TITLES


def baseline_specs(spec: RunSpec) -> list[RunSpec]:
    """The baselines of a spec, without its own method; not validated."""
    given, network = unchanged(spec).model_dump(mode="json"), spec.network.unfilled.model_dump(mode="json")
    kinds = [form.kind_name() for form in BASELINES if form.kind_name() != spec.strategy.kind]
    return [RunSpec.model_validate({**given, "network": network, "strategy": {"kind": kind}}) for kind in kinds]


def baseline_title(baseline: RunSpec, spec: RunSpec) -> str:
    """Title of a baseline of ``spec``: its method, and its network where that is another one."""
    title, network = TITLES[baseline.strategy.kind], baseline.network.kind
    return title if network == spec.network.kind else f"{title} ({network})"


def finished_baselines(store: Store, run: Run) -> list[Run]:
    """The baselines with a result in the store, the newest of each kind; without the run's own kind.

    Args:
        store: to search.
        run: to compare with.
    """
    found = []
    for wanted in baseline_specs(run.typed_spec):
        alike = store.find(digest=wanted.digest(), statuses=(FINISHED,))
        found += [one for one in alike if one.target_metric and not one.broke][:1]
    return found
