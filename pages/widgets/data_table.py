"""The data of live charts as a table, made on request."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.i18n import _
from pages.widgets.store import store
from xfer_core.runs.store import Run


def data_table(runs: Sequence[Run], key: str) -> None:
    """A switch, and below it the curves of these runs: one row per step, one column per scalar.

    Args:
        runs: whose curves; with several, the run's name precedes each scalar.
        key: of the switch.
    """
    if not st.toggle(_("The numbers"), key=key):
        return
    columns = {}
    for run in runs:
        before = f"{run.name} · {run.id} · " if len(runs) > 1 else ""
        for name, step, value in store().updates_since(run.id).points:
            columns.setdefault(before + name, {})[step] = value
    table = pd.DataFrame(columns).sort_index().rename_axis(_("step"))
    st.dataframe(table, alt=_("Every curve: one row per step, one column per scalar"))
