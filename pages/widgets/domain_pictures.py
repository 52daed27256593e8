"""A row of samples for each chosen domain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from pages.widgets.domains import domain_title
from xfer_core.charts.samples import domain_overview
from xfer_core.domains import domain_info, is_available, registry
from xfer_core.errors import XferError

SHOWN = 10  # samples of a domain, in one row
WIDTH = 420


@st.cache_data(show_spinner=False, max_entries=100)
def _row(key: str, columns: int, version: int) -> np.ndarray:
    """uint8 (height, width, 4); another one when an own domain is saved anew."""
    return domain_overview(key, SHOWN, columns)


def domain_pictures(keys: Sequence[str], width: int = WIDTH, columns: int = SHOWN) -> None:
    """Samples in so many columns, at most so many pixels wide, for each of these domains that is on this machine."""
    with st.container(gap="xsmall"):
        for key in keys:
            if not is_available(key):
                continue
            try:
                picture = _row(key, columns, registry().version(key))
            except XferError:  # its files are damaged: the validation of the plan shows the error
                continue
            st.image(
                picture,
                width=min(width, 2 * picture.shape[1]),
                alt=f"{domain_title(key)}: {domain_info(key).card.description}",
            )
