"""All domains as tiles, by kind of input; a press on one opens its details."""

from __future__ import annotations

import streamlit as st

from pages.domains.details import details
from pages.domains.gallery import gallery
from pages.widgets import address
from pages.widgets.domains import is_known
from pages.widgets.problem import set_sliders

OPENED, SLIDERS, SEARCH = "domains.opened", "domains.details", "domains.search"


def browse() -> dict[str, str]:
    """The page's view. Returns the parameters of the address."""
    state = st.session_state
    if address.first_since_arrival("browse"):
        given = address.given_on_arrival()
        state[SEARCH] = given.get("search", "")
        _open(given.get("domain", ""))
    if is_known(state.get(OPENED, "")):
        state[OPENED] = details(state[OPENED], SLIDERS, _close)
        return {"domain": state[OPENED]}
    gallery(SEARCH, _open)
    return {"search": state[SEARCH]} if state.get(SEARCH) else {}


def _open(reference: str) -> None:
    """Show the details of a domain, with its parameters as the reference says; none if there is no such domain."""
    st.session_state[OPENED] = reference if is_known(reference) else ""
    if st.session_state[OPENED]:
        set_sliders(reference, SLIDERS)


def _close() -> None:
    st.session_state[OPENED] = ""
