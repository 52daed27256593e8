"""Sentences that must be read with a domain, such as that a medical one is for teaching only."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from pages.i18n import _, plain
from xfer_core.domains import notices


def show_notices(references: Iterable[str]) -> None:
    """The notices of these domains, each once; nothing where there are none."""
    for notice in notices(references):
        st.caption(":material/warning: " + plain(_(notice)))
