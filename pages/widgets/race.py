"""The race of the page Start: its three runs, its one setting, and how it is queued and found again."""

from __future__ import annotations

import secrets

import streamlit as st

from pages.i18n import _
from pages.widgets import address
from pages.widgets.store import enqueue, store
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import LIVE, Run

BATCH = "race-"
SCRATCH = "target_only"
RACERS = (SCRATCH, "fine_tune", "joint")
LABELS = (1, 5, 20)  # choices of labels per class in the target
DEFAULT_LABELS = 5
LABELS_KEY = "race.labels"


def race_names() -> dict[str, str]:
    """Strategy → name of its network in the race."""
    return {
        "target_only": _("From scratch"),
        "fine_tune": _("Practised first"),
        "joint": _("Both at once"),
    }


def runs_of_race(batch: str) -> list[Run]:
    """The runs of one race in the order of ``RACERS``; empty if it is not here."""
    if not batch.startswith(BATCH):
        return []
    runs = [run for run in store().find(batch=batch) if kind_of(run) in RACERS]
    return sorted(runs, key=lambda run: (RACERS.index(kind_of(run)), run.created))


def kind_of(run: Run) -> str:
    """The strategy of a run."""
    return run.spec["strategy"]["kind"]


def labels_of(run: Run) -> int:
    """Labels per class in the target of a run of a race."""
    return run.typed_spec.problem.labels_per_class  # pyright: ignore[reportReturnType]


def is_racing(runs: list[Run]) -> bool:
    """Whether one of the networks waits or trains."""
    return any(run.status in LIVE for run in runs)


def labels_control(disabled: bool = False) -> None:
    """The one setting of a race."""
    st.segmented_control(
        _("Labelled photographs of each digit"), LABELS, required=True, key=LABELS_KEY, disabled=disabled
    )


def begin_race() -> None:
    """Queue a race with the chosen number of labels per class, and show it.

    The first race with a number of labels has seed 0, the next seed 1, so that races which differ only in their labels
    use the same splits of the data.
    """
    labels = st.session_state.get(LABELS_KEY) or DEFAULT_LABELS
    seed = len(
        {run.batch for run in store().find() if run.batch.startswith(BATCH) and labels_of(run) == labels}
    )  # fmt: skip
    chosen = [f"problem.labels_per_class={labels}", f"seed={seed}"]
    specs = [parse_spec({}, [f"strategy.kind={kind}", *chosen]) for kind in RACERS]
    batch = f"{BATCH}{secrets.token_hex(4)}"
    enqueue([(spec, race_names()[spec.strategy.kind]) for spec in specs], batch)
    show_race(batch)


SHOWN, LAST = "race.shown", "race"  # the race that is shown, empty for none; the last race that was


def show_race(batch: str) -> None:
    """Show this race."""
    st.session_state[SHOWN] = st.session_state[LAST] = batch


def leave_race() -> None:
    """Go back to the introduction."""
    st.session_state[SHOWN] = ""


def shown_race() -> str:
    """The race that is shown: that of the address on arrival, afterwards the one chosen on the page."""
    if address.has_arrived():
        st.session_state[SHOWN] = st.query_params.get("race", "")
        address.note_read()
    return st.session_state.get(SHOWN, "")
