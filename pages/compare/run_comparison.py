"""Table of compared runs: their results, and the settings in which they differ."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.compare.difference_words import differing_fields
from pages.i18n import _, plain
from pages.widgets.change_words import changed_by_hand
from pages.widgets.measure import auc_value
from pages.widgets.run_words import result_words
from pages.widgets.store import store
from xfer_core.analysis.measure import metric_text
from xfer_core.analysis.spec_diff import why_not_comparable
from xfer_core.runs.store import FINISHED, Run

# Names and settings wrap; a wide table scrolls in itself.
STYLE = """<style>
.st-key-side-by-side [data-testid=stTable] {overflow-x: auto}
.st-key-side-by-side :is(th, td) {vertical-align: top; min-width: 5.5rem}
.st-key-side-by-side :is(th, td) * {overflow-wrap: anywhere !important; white-space: normal; max-width: 100%}
.st-key-side-by-side td:first-child {min-width: 9rem; max-width: min(22rem, 40vw)}
</style>"""


def run_comparison(runs: list[Run]) -> None:
    """One row per run: its result, then every field in which the runs differ."""
    apart = why_not_comparable([run.spec for run in runs])
    if apart:
        names = {"target": _("targets"), "unseen": _("unseen domains"), "tasks": _("tasks")}
        st.warning(
            _(
                "These runs have different {what}, so their accuracies do not compare: each was tested on something "
                "else. Select runs of one problem to compare methods."
            ).format(what=", ".join(names[name] for name in apart)),
            icon=":material/info:",
        )
    differ = differing_fields([run.typed_spec for run in runs])
    changed = store().changed_by_hand([run.id for run in runs])
    columns = {
        _("Run"): [f"{run.name} · {run.id}" for run in runs],
        _("Result"): [_result(run) for run in runs],
        **({"AUC": list(map(_auc, runs))} if any(auc_value(run) is not None for run in runs) else {}),
        **differ,
    }
    if changed:
        columns[_("While it trained")] = [changed_by_hand(run) or _("not changed") for run in runs]
    table = pd.DataFrame({plain(title): [plain(value) for value in values] for title, values in columns.items()})
    st.markdown("**" + _("What differs") + "**")
    if not differ:
        st.caption(_("All settings of these runs are the same."))
    with st.container(key="side-by-side"):
        st.html(STYLE)
        st.table(table, hide_index=True, alt=_("Results of the compared runs, and the settings in which they differ"))


def _auc(run: Run) -> str:
    value = auc_value(run)
    return "–" if value is None else metric_text(run.typed_spec.target_metric(auc=True), value)


def _result(run: Run) -> str:
    """The test result, with the outcome where it is not *finished*."""
    return ", ".join(filter(None, (result_words(run), _(run.outcome) if run.outcome != FINISHED else "")))
