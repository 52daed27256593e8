"""The race of the page Start: its three runs, its one setting, and how it is queued and found again."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from pages.i18n import _
from pages.widgets import address
from pages.widgets.store import begin, store
from xfer_core.experiments.plan import plan_for
from xfer_core.experiments.presets import RACERS, is_on_start
from xfer_core.runs.store import LIVE, Run

SCRATCH = "target_only"
LABELS = (1, 5, 20)  # choices of labels per class in the target
DEFAULT_LABELS = 5
LABELS_KEY = "race.labels"


def race_names() -> dict[str, str]:
    """Strategy → name of its network in the race."""
    return {kind: _(title) for kind, title in RACERS.items()}


def races(labels: int) -> list[str]:
    """The ids of all races with so many labels per class."""
    found = store().experiments().values()
    return [one.id for one in found if is_on_start(one) and one.budgets == [labels]]


def runs_of_race(race: str) -> list[Run]:
    """The runs of one race in the order of ``RACERS``; empty if it is not here."""
    found = store().experiment(race)
    if found is None or not is_on_start(found):
        return []
    runs = [run for run in store().find(experiment=race) if kind_of(run) in RACERS]
    return sorted(runs, key=lambda run: (list(RACERS).index(kind_of(run)), run.created))


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
    race = plan_for("race").experiment()
    show_race(begin(replace(race, budgets=(labels,), seeds=(len(races(labels)),))))


SHOWN, LAST = "race.shown", "race"  # the race that is shown, empty for none; the last race that was


def show_race(race: str) -> None:
    """Show this race."""
    st.session_state[SHOWN] = st.session_state[LAST] = race


def leave_race() -> None:
    """Go back to the introduction."""
    st.session_state[SHOWN] = ""


def shown_race() -> str:
    """The race that is shown: that of the address on arrival, afterwards the one chosen on the page."""
    if address.has_arrived():
        st.session_state[SHOWN] = st.query_params.get("race", "")
        address.note_read()
    return st.session_state.get(SHOWN, "")
