"""What people changed while a run trained: λ and the learning rate, by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xfer_core.runs.store import Run, Store


def turned_in(store: Store, run: Run) -> Mapping[int, Sequence[tuple[str, float]]]:
    """Step → what people set there, in order: (``lr`` or ``lambda/TERM``, value). What was set at a step that the run
    never went on from changed nothing, and is not in it."""
    last = run.result["step"] if run.result else None
    turned: dict[int, list[tuple[str, float]]] = {}
    for event in store.after(run.id).events:
        if event["kind"] == "set" and (last is None or event["step"] < last):
            turned.setdefault(event["step"], []).append((event["details"]["name"], event["details"]["value"]))
    return turned
