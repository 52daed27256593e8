"""A row of samples for each chosen domain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from pages.widgets.domains import domain_title
from xfer_core.charts.image_grid import image_grid, one_of_each
from xfer_core.domains import domain_info, is_available, load_domain
from xfer_core.errors import XferError

SHOWN = 10  # samples of a domain, in one row
WIDTH = 420  # pixels


@st.cache_data(show_spinner=False, max_entries=100)
def _row(key: str) -> np.ndarray:
    """uint8 (height, width, 4): one sample of each class, or the first few where the task has no classes."""
    domain = load_domain(key)
    task = next(iter(domain.tasks.values()))
    samples = one_of_each(domain.inputs, task.labels, len(task.classes)) if task.classes else domain.inputs
    return image_grid(samples[:SHOWN], SHOWN)


def domain_pictures(keys: Sequence[str]) -> None:
    """A row of samples for each of these domains that is on this machine."""
    with st.container(gap="xsmall"):
        for key in keys:
            if not is_available(key):
                continue
            try:
                picture = _row(key)
            except XferError:  # its files are damaged: the validation of the plan shows the error
                continue
            st.image(picture, width=WIDTH, alt=f"{domain_title(key)}: {domain_info(key).card.description}")
