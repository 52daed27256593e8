"""Redirect from /sweep to Compare, where λ sweeps are experiments."""

from __future__ import annotations

import streamlit as st

experiment = st.query_params.get("sweep", "")
st.switch_page("compare/page.py", query_params={"experiment": experiment} if experiment else {"question": "lambda"})
