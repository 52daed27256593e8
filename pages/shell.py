"""The frame of every page: navigation, shared styles and error handling."""

from __future__ import annotations

import logging

import streamlit as st

from pages.components.surroundings.view import surround
from pages.i18n import _, error_text
from pages.memory import spare_what_stays
from pages.widgets.address import note_arrival
from pages.widgets.store import say_if_replaced
from xfer_core.errors import XferError
from xfer_core.execution.dispatcher import ensure_dispatcher
from xfer_core.settings import place_error

st.set_page_config(page_title="Xfer", page_icon="🔁", layout="wide", menu_items={})

PAGES = [
    st.Page("start/page.py", title=_("Start"), icon=":material/play_circle:", url_path="start", default=True),
    st.Page("train/page.py", title=_("Train"), icon=":material/tune:", url_path="train"),
    st.Page("playground/page.py", title=_("Playground"), icon=":material/scatter_plot:", url_path="playground"),
    st.Page("methods/page.py", title=_("Methods"), icon=":material/menu_book:", url_path="methods"),
    st.Page("domains/page.py", title=_("Domains"), icon=":material/dataset:", url_path="domains"),
    st.Page("compare/page.py", title=_("Compare"), icon=":material/stacked_line_chart:", url_path="compare"),
    st.Page("run/page.py", title=_("Run"), url_path="run", visibility="hidden"),
    st.Page("old_addresses/sweep.py", title=_("λ sweep"), url_path="sweep", visibility="hidden"),
    st.Page("old_addresses/catalogue.py", title=_("Methods"), url_path="catalogue", visibility="hidden"),
]

page = st.navigation(PAGES, position="top")
st.set_page_config(page_title=f"{page.title} · Xfer")
surround()
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
finally:
    spare_what_stays(page.title)
