"""The runs are named in the URL; the page says how often it ran, and how often the panel did."""

import streamlit as st

from pages.widgets import predict_panel as panel
from pages.widgets.store import store

st.set_page_config(layout="wide")
ids = st.query_params.get("runs", "").split(",")
rows = {run.id: run for run in store().find(ids=ids)}
st.session_state.count = st.session_state.get("count", 0) + 1
st.button("Rerun")
st.text(f"rerun {st.session_state.count}")
panel.predict_panel([rows[run] for run in ids])
