"""Live changes of a run: λ and the learning rate, by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import Run, Store
from xfer_core.training.config import LiveChange

LiveChanges = Mapping[int, Sequence[tuple[str, float]]]
"""By step, in order: (``lr`` or ``lambda/TERM``, value)."""


def live_changes(store: Store, run: Run) -> LiveChanges:
    """What people changed while the run trained. Changes at the run's last step had no effect, and are left out."""
    last = (run.result or {}).get("step")
    changes: dict[int, list[tuple[str, float]]] = {}
    for event in store.updates_since(run.id).events:
        if event["kind"] == "set" and (last is None or event["step"] < last):
            changes.setdefault(event["step"], []).append((event["details"]["name"], event["details"]["value"]))
    return changes


def with_changes(store: Store, run: Run) -> RunSpec:
    """What the run was asked, with what people changed while it trained: a run of this spec gives the same numbers."""
    return spec_with(run.typed_spec, live_changes(store, run))


def spec_with(spec: RunSpec, turned: LiveChanges) -> RunSpec:
    """The spec with these changes."""
    changes = tuple(
        LiveChange(step=step, name=name, value=value)
        for step, settings in sorted(turned.items())
        for name, value in settings
    )
    return spec.model_copy(update={"training": spec.training.model_copy(update={"live_changes": changes})})
