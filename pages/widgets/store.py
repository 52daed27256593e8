"""Access to the run store for pages."""

from __future__ import annotations

import json

import streamlit as st

from pages.i18n import _, error_text
from xfer_core.domains import is_available
from xfer_core.errors import XferError
from xfer_core.execution.dispatcher import ensure_dispatcher
from xfer_core.experiments.experiment import Experiment, begin_runs
from xfer_core.problems.problem import ProblemData
from xfer_core.runs.deletion import delete_runs
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import Store
from xfer_core.workspace import current_workspace

PATIENCE_SECONDS = 10.0  # on top of SQLite's own wait; short, because a visitor waits for the page


@st.cache_resource
def _open(url: str) -> Store:
    return Store(url, PATIENCE_SECONDS)


def store() -> Store:
    """The store of the workspace, opened once."""
    return _open(current_workspace().database)


def say_if_replaced() -> None:
    """Warn that the database was replaced, until this visitor has confirmed it."""
    database = store().database
    database.work(lambda: None, PATIENCE_SECONDS)  # notices a replaced file
    if (gone := database.gone()) and st.session_state.get("database.replaced") != database.replaced:
        st.warning(error_text(gone), icon=":material/database_off:")
        st.button(_("I have read this"), on_click=_note_replaced, args=(database.replaced,), key="note-replaced")


def _note_replaced(when: float) -> None:
    st.session_state["database.replaced"] = when


def begin(experiment: Experiment) -> str:
    """Store an experiment, queue its runs, and start a dispatcher if none is alive. The experiment's id."""
    begun = experiment.begin(store(), _)
    ensure_dispatcher()
    return begun


def begin_these(preset: str, runs: list[tuple[RunSpec, str]], name: str = "") -> str:
    """The same for an experiment that is made of runs, each with a name."""
    begun = begin_runs(store(), preset, runs, name)
    ensure_dispatcher()
    return begun


def delete(ids: list[str]) -> bool:
    """Delete these runs, or say why that is not possible; whether they were deleted."""
    try:
        delete_runs(store(), ids)
    except XferError as error:  # somebody resumed one in the meantime, or deleted it
        st.toast(error_text(error), icon=":material/info:")
        return False
    st.toast(_("Deleted."), icon=":material/delete:")
    return True


@st.cache_data(max_entries=50, show_spinner=False)
def _checked(spec: str) -> ProblemData:
    return RunSpec.model_validate(json.loads(spec)).check()


def require_available(spec: RunSpec) -> None:
    """Refuse a spec whose data or weights are not on this machine: pages never download them unasked.

    Raises:
        XferError: ``not_here``, or what ``check_names`` raises.
    """
    spec.problem.check_names()
    for key, role in spec.problem.roles().items():
        if not is_available(key):
            raise XferError("not_here", f"problem.{role}", key)
    if not spec.network.is_available:
        raise XferError("not_here", "network.kind", spec.network.kind)


def validated(spec: RunSpec) -> ProblemData:
    """The splits of the problem, without inputs, once the whole spec is valid; cached for the next rerun.

    Raises:
        XferError: what ``RunSpec.check`` raises; ``not_here`` for data or weights that are not on this machine.
    """
    require_available(spec)
    return _checked(spec.model_dump_json())
