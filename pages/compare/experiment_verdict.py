"""Verdict of an experiment: the main sentence, and the table of all comparisons."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.i18n import _
from xfer_core.analysis.findings import ConditionSummary
from xfer_core.analysis.measure import Measure
from xfer_core.analysis.sentences import Sentence, how_judged, table_rows


def show_experiment_verdict(said: Sequence[Sentence]) -> None:
    """Show the first, most important sentence."""
    if said:
        first = said[0]
        if first.is_significant:
            st.success(first.text, icon=":material/emoji_objects:")
        else:
            st.info(first.text, icon=":material/balance:")


def findings_table(found: Sequence[ConditionSummary], reference: str, titles: dict[str, str], measure: Measure) -> None:
    """One row per method and label budget: mean, difference to the reference with its
    interval and p value, sign test and verdict; below, for how many comparisons the verdicts hold."""
    rows = pd.DataFrame(table_rows(found, reference, titles, measure, _))
    st.dataframe(
        rows,
        hide_index=True,
        height="content" if len(found) <= 16 else 560,
        alt=_("For each method and label budget the mean over seeds and the difference to {reference}").format(
            reference=titles[reference]
        ),
    )
    with st.expander(_("How this is judged, exactly"), icon=":material/rule:"):
        st.caption(how_judged(found, _))
