"""A page with a live view and nothing else: what test_live_view.py drives."""

import streamlit as st

from pages.streaming.routes import ROUTES

app = st.App("page.py", routes=ROUTES)
