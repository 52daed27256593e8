"""The door: ``streamlit run app.py``."""

import streamlit as st

from pages.live.routes import ROUTES

app = st.App("pages/shell.py", routes=ROUTES)
