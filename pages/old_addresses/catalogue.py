"""Redirect from /catalogue to /methods, with the query parameters."""

from __future__ import annotations

import streamlit as st

st.switch_page("methods/page.py", query_params=dict(st.query_params))
