"""Selected runs compared: a table of results and differing settings, their curves, predictions for one drawing."""

from __future__ import annotations

import streamlit as st

from pages.compare.difference_words import named_apart
from pages.compare.run_comparison import run_comparison
from pages.compare.run_list import COMPARED
from pages.components.live_chart.view import live_texts, live_view
from pages.i18n import _, counted, locale
from pages.widgets.chart_runs import overlay_charts
from pages.widgets.data_table import data_table
from pages.widgets.measure import choose_auc, lacks_auc
from pages.widgets.notice import show_notices
from pages.widgets.phases import phase_titles
from pages.widgets.predict_panel import predict_panel
from pages.widgets.store import store
from xfer_core.names import is_error
from xfer_core.runs.store import MEASURED, Run

DRAWN = 12


def compared_runs(ids: list[str]) -> None:
    """Show these runs.

    Args:
        ids: in order of display.
    """
    found = {run.id: run for run in store().find(ids=ids)}
    runs = [found[one] for one in ids if one in found]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            _("All runs"), icon=":material/arrow_back:", on_click=st.session_state.pop, args=(COMPARED,), key="back"
        )
        if len(runs) == 2:
            query = {"run": runs[0].id, "beside": runs[1].id}
            label, icon = _("Inspect both"), ":material/splitscreen_right:"
            st.page_link("run/page.py", label=label, icon=icon, query_params=query)
    if len(runs) < len(ids):
        one = _("1 of these runs is not in this installation.")
        many = _("{count} of these runs are not in this installation.")
        st.info(counted(len(ids) - len(runs), one, many))
    if not runs:
        return
    run_comparison(runs)
    show_notices(key for run in runs for key in run.typed_spec.problem.roles())
    runs = named_apart(runs)
    _draw([run for run in runs if not _asks_for_number(run)])
    if any(map(_asks_for_number, runs)):
        st.caption(_("Regression runs have no accuracy: they are in the table only."))
    data_table(runs[:DRAWN], "compare.numbers")
    ended = [run for run in runs if run.status in MEASURED]
    if ended and st.toggle(_("Draw a digit for these networks"), key="compare.try"):
        predict_panel(ended[:DRAWN])


def _asks_for_number(run: Run) -> bool:
    return is_error(run.typed_spec.target_metric())


def _draw(runs: list[Run]) -> None:
    """Their accuracy curves in one chart."""
    if not runs:
        return
    auc = not any(map(lacks_auc, runs)) and choose_auc([run.typed_spec for run in runs], "compare")
    lives, charts = overlay_charts(runs[:DRAWN], auc=auc)
    if len(runs) > DRAWN:
        st.caption(_("The first {count} of these runs are drawn.").format(count=DRAWN))
    live_view(lives, charts, layout="race", texts=live_texts(_, locale(), phase_titles()), key="overlay")
