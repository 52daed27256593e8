"""What surrounds every page: its frame, its navigation, and what happens when something breaks."""

from __future__ import annotations

import logging

import streamlit as st

from pages.parts.address import note_arrival
from pages.parts.store import say_if_replaced
from pages.parts.text import _, error_text
from xfer_core.errors import XferError
from xfer_core.runs.dispatcher import ensure_dispatcher
from xfer_core.settings import place_error

st.set_page_config(page_title="Xfer", page_icon="🔁", layout="wide", menu_items={})

PAGES = [
    st.Page("start.py", title=_("Start"), icon=":material/play_circle:", default=True),
    st.Page("train.py", title=_("Train"), icon=":material/tune:"),
    st.Page("catalogue.py", title=_("Methods"), icon=":material/menu_book:"),
    st.Page("compare.py", title=_("Compare"), icon=":material/stacked_line_chart:"),
    st.Page("sweep.py", title=_("λ sweep"), visibility="hidden"),
    st.Page("run.py", title=_("Run"), visibility="hidden"),
]

# The top navigation leaves a hand's breadth of nothing above every page; the freeze board's columns fit a telephone;
# a long name breaks into lines.
st.html(
    "<style>.stMainBlockContainer {padding-top: 4.5rem; padding-bottom: 3rem}"
    "[data-testid=stMarkdownContainer], [data-testid=stHeading] {overflow-wrap: anywhere}"
    ".st-key-freeze-board [data-testid=stHorizontalBlock] {gap: 0.5rem}"
    ".st-key-freeze-board [data-testid=stColumn] {min-width: 0; white-space: nowrap}</style>"
)
page = st.navigation(PAGES, position="top")
try:
    say_if_replaced()
    ensure_dispatcher()
    note_arrival(page.url_path)
    page.run()
except XferError as error:
    st.error(error_text(error), icon=":material/error:")
except Exception as error:
    if isinstance(error, OSError) and (misplaced := place_error(error)):
        st.error(error_text(misplaced), icon=":material/error:")
        st.stop()
    logging.getLogger("xfer").exception("page %s", page.title)
    st.error(
        _("This page broke on an error of its own. Your runs are safe; reload the page to go on."),
        icon=":material/error:",
    )
