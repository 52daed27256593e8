"""What a page must know of the viewer's theme."""

from __future__ import annotations

import streamlit as st


def is_dark() -> bool:
    """Whether the page is shown light on dark."""
    return st.context.theme.type == "dark"
