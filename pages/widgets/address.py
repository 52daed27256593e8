"""Query parameters of a page: written as the visitor chooses, read only when they arrive.

A browser sends its address with every press, and while it waits for an answer that address is outdated. Read as a new
link it would undo what was pressed meanwhile. So a page reads its address when the visitor comes from elsewhere,
reloads it, or goes back or forward in the browser's history; on any other run the controls alone decide.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

PAGE, ARRIVED, WRITTEN = "address.page", "address.arrived", "address.written"
ARRIVALS, GIVEN, PARTS = "address.arrivals", "address.given", "address.parts"
LONGEST = 2000  # characters of a setting in a link


def goes_through_history() -> bool:
    """Whether this run of the script comes from the browser's back or forward."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def note_arrival(page: str) -> None:
    """Called by the shell before each page runs: note whether the visitor has just arrived.

    Args:
        page: its path in the address.
    """
    if st.session_state.get(PAGE) != page or goes_through_history():
        st.session_state[ARRIVED] = True
        st.session_state[PAGE] = page
        st.session_state[ARRIVALS] = arrivals() + 1


def has_arrived() -> bool:
    """Whether the address is still to be read; it stays so if the script is interrupted before :func:`note_read`."""
    return bool(st.session_state.get(ARRIVED))


def arrivals() -> int:
    """How often the visitor has arrived at a page: a part of a page reads the address once per arrival."""
    return st.session_state.get(ARRIVALS, 0)


def first_since_arrival(part: str) -> bool:
    """Whether this part of a page asks for the first time since the visitor arrived: it reads the address then."""
    known: dict[str, int] = st.session_state.setdefault(PARTS, {})
    is_first = known.get(part) != arrivals()
    known[part] = arrivals()
    return is_first


def arrive(wanted: Mapping[str, str]) -> None:
    """In a callback: set the parameters and have the page read them, as if the visitor had followed a link."""
    st.query_params.from_dict(wanted)
    st.session_state[ARRIVED] = True
    st.session_state[ARRIVALS] = arrivals() + 1


def given_on_arrival() -> dict[str, str]:
    """The parameters at the visitor's arrival, for a part of a page that runs after the address was read."""
    return st.query_params.to_dict() if has_arrived() else dict(st.session_state.get(GIVEN, {}))


def written() -> dict[str, str]:
    """The parameters that this page wrote last."""
    return st.query_params.to_dict() if has_arrived() else dict(st.session_state.get(WRITTEN, {}))


def note_read() -> None:
    """Note that the address was read and that the controls hold its values."""
    st.session_state[WRITTEN] = st.session_state[GIVEN] = st.query_params.to_dict()
    st.session_state[ARRIVED] = False


def write_address(wanted: Mapping[str, str]) -> None:
    """Set the parameters to exactly these."""
    known = st.session_state.get(WRITTEN)
    # The parameters sent with this run may be outdated: send again, because the browser may not have the last ones yet.
    if wanted != known or wanted != st.query_params.to_dict():
        st.query_params.from_dict(wanted)
        st.session_state[WRITTEN] = dict(wanted)


def without_long(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings that fit into a link; a longer one, such as a table of weights, is only in the recipe."""
    return {path: value for path, value in settings.items() if len(value) <= LONGEST}
