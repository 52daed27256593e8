"""Domains as pages show them: their titles and a strip of samples."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.parts.text import _
from xfer_core.charts.pictures import contact_sheet, one_of_each
from xfer_core.domains import load_domain


def domain_title(key: str) -> str:
    """What a page calls a domain."""
    return _(load_domain(key).card.title)


def task_title(task: str) -> str:
    """What a page calls a task."""
    return {"digit": _("which digit"), "parity": _("even or odd")}.get(task) or task


@st.cache_data(show_spinner=False)
def _strip(key: str) -> np.ndarray:
    domain = load_domain(key)
    digit = domain.tasks["digit"]
    return contact_sheet(one_of_each(domain.samples, digit.labels, len(digit.classes)), 10)


def sample_strip(key: str) -> None:
    """One sample of each class in a row, with the domain's own words below."""
    card = load_domain(key).card
    st.image(_strip(key), width="stretch", alt=f"{_(card.title)}: {_(card.description)}")
    st.caption(_(card.description))
