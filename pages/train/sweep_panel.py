"""Link from Train to a prepared λ sweep on Compare."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from pages.i18n import _
from pages.widgets.plan_link import sweep_query
from xfer_core.runs.spec import RunSpec


def sweep_button(spec: RunSpec, terms: Mapping[str, str]) -> None:
    """A link to the prepared experiment.

    Args:
        spec: the present spec, with the strategy ``joint``.
        terms: term → its title; at least two.
    """
    label = _("Sweep a λ: what does each value give?")
    st.page_link("compare/page.py", label=label, icon=":material/swap_horiz:", query_params=sweep_query(spec))
