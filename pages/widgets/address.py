"""The address of a page: it is written as the visitor chooses, and read only when they arrive.

A browser sends its address with every press, and while it waits for an answer that address is an old one. Taken for a
new link it would undo what was pressed meanwhile. So a page reads its address when the visitor comes from elsewhere,
loads it anew, or goes back or forward in the browser's history; on any other run the controls alone decide.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

PAGE, ARRIVED, WRITTEN = "address.page", "address.arrived", "address.written"
ARRIVALS, GIVEN = "address.arrivals", "address.given"


def goes_through_history() -> bool:
    """Whether this run was asked for by the browser's back or forward."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def note_arrival(page: str) -> None:
    """For the shell, before each page runs: note if the visitor has just come to it.

    Args:
        page: its path in the address.
    """
    if st.session_state.get(PAGE) != page or goes_through_history():
        st.session_state[ARRIVED] = True
        st.session_state[PAGE] = page
        st.session_state[ARRIVALS] = arrivals() + 1


def has_arrived() -> bool:
    """Whether the address is still to be read. A run that is cut short before :func:`note_read` leaves it so."""
    return bool(st.session_state.get(ARRIVED))


def arrivals() -> int:
    """How often the visitor has come to a page: a part of a page reads the address once for each."""
    return st.session_state.get(ARRIVALS, 0)


def given_on_arrival() -> dict[str, str]:
    """What the address said as the visitor came: for a part of a page that runs after the address was read."""
    return st.query_params.to_dict() if has_arrived() else dict(st.session_state.get(GIVEN, {}))


def written() -> dict[str, str]:
    """What the address says as far as this page has written it."""
    return st.query_params.to_dict() if has_arrived() else dict(st.session_state.get(WRITTEN, {}))


def note_read() -> None:
    """The address was read, and the controls hold what it says."""
    st.session_state[WRITTEN] = st.session_state[GIVEN] = st.query_params.to_dict()
    st.session_state[ARRIVED] = False


def write_address(wanted: Mapping[str, str]) -> None:
    """Make the address say this, and nothing else."""
    known = st.session_state.get(WRITTEN)
    # What this run was sent with may be old: the browser is told again, for it may still be on the way to that.
    if wanted != known or wanted != st.query_params.to_dict():
        st.query_params.from_dict(wanted)
        st.session_state[WRITTEN] = dict(wanted)
