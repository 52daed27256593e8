"""The viewer's theme: light or dark."""

from __future__ import annotations

import streamlit as st


def is_dark() -> bool:
    """Whether the viewer uses the dark theme."""
    return st.context.theme.type == "dark"
