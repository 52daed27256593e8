"""Ticked runs side by side: what they differ in, and what came of it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts.text import _
from xfer_core.analysis.accuracy import metric_text
from xfer_core.analysis.differences import comparable, differences
from xfer_core.runs.store import Run


def side_by_side(runs: list[Run]) -> None:
    """A table with a column a run: its result, then every field of its spec in which not all agree."""
    apart = comparable([run.spec for run in runs])
    if apart:
        names = {"target": _("targets"), "unseen": _("unseen domains"), "tasks": _("tasks")}
        st.warning(
            _(
                "These runs have different {what}, so their accuracies do not compare: each was tested on something "
                "else. Tick runs of one problem to compare methods."
            ).format(what=", ".join(names[name] for name in apart)),
            icon=":material/info:",
        )
    differ = differences([run.spec for run in runs])
    rows = {
        _("status"): [_(run.outcome) for run in runs],
        _("result"): [_result(run) for run in runs],
        **differ,
    }
    # Runs may share a name; a column's title must not.
    columns = [f"{run.name} · {run.id}" for run in runs]
    table = pd.DataFrame(rows.values(), index=list(rows), columns=columns)
    st.markdown("**" + _("What differs") + "**")
    if not differ:
        st.caption(_("These runs were asked the very same."))
    st.dataframe(table.style.apply(_highlight, axis=1), alt=_("The fields in which the ticked runs differ"))


def _result(run: Run) -> str:
    metric = run.target_metric
    return metric_text(metric["name"], metric["value"]) if metric else "–"


def _highlight(row: pd.Series) -> list[str]:
    """Where a value is not that of the first run."""
    dark = st.context.theme.type == "dark"
    colour = "background-color: #5C4A12" if dark else "background-color: #FBEFC6"
    return ["" if value == row.iloc[0] else colour for value in row]
