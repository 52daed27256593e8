"""The parts of a link that could not be used."""

from __future__ import annotations

import streamlit as st

from pages.i18n import _, error_text
from xfer_core.errors import XferError


def show_refused(key: str) -> None:
    """Show the refused settings literally, each with its rule, until the visitor has confirmed them.

    Args:
        key: of the session state, where they are stored as (setting, error); removed when they are confirmed.
    """
    refused: list[tuple[str, XferError]] = st.session_state.get(key, [])
    if not refused:
        return
    with st.container(border=True):
        for setting, error in refused:
            words = _("Left out of this link: {reason}").format(reason=error_text(error))
            st.warning(words, icon=":material/link_off:")
            st.code(setting, language=None, wrap_lines=True)
        st.button(_("I have read this"), on_click=st.session_state.pop, args=(key, None), key="note-refused")
