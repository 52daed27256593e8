"""Domains: all data that knowledge can move between, and one's own."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.domains.browse import browse
from pages.domains.compare import compare_view
from pages.domains.own import own_data
from pages.domains.rank import rank_view
from pages.i18n import _
from pages.widgets import address

VIEW, FIRST = "domains.view", "all"
VIEWS: dict[str, Callable[[], dict[str, str]]] = {
    "all": browse,
    "compare": compare_view,
    "rank": rank_view,
    "own": own_data,
}
"""View → its function, which returns the parameters that lead to what it shows, beside the view's own."""


def main() -> None:
    """The page."""
    titles = {
        "all": _("All domains"),
        "compare": _("How far apart?"),
        "rank": _("Which source?"),
        "own": _("Your own data"),
    }
    _read_address()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(_("Domains"), width="content")
        st.segmented_control(
            _("What to see of the domains"),
            list(titles),
            required=True,
            format_func=titles.__getitem__,
            label_visibility="collapsed",
            key=VIEW,
        )
    view: str = st.session_state[VIEW]
    shown = VIEWS[view]()
    address.write_address({**({"view": view} if view != FIRST else {}), **shown})


def _read_address() -> None:
    """On arrival, read ``view``; one that is not known is ignored. A view reads its own parameters, which
    ``address.given_on_arrival`` has."""
    if address.has_arrived():
        asked = st.query_params.get("view", "")
        st.session_state[VIEW] = asked if asked in VIEWS else FIRST
        address.note_read()
    st.session_state.setdefault(VIEW, FIRST)


main()
