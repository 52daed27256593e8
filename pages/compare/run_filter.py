"""Search and filters above the list of runs."""

from __future__ import annotations

import streamlit as st

from pages.i18n import _
from pages.widgets.domains import domain_title
from pages.widgets.experiment_title import preset_title
from pages.widgets.run_words import changed_words, facts
from xfer_core.experiments.listing import RunFilter, best_first, domains_of
from xfer_core.runs.store import Run, StoredExperiment
from xfer_core.strategies import TITLES

NEWEST, BEST = "newest", "best"


def choose_runs(runs: list[Run], experiments: dict[str, StoredExperiment]) -> tuple[list[Run], str]:
    """Controls to search, filter and order the list.

    Args:
        runs: all, the newest first.
        experiments: id → experiment, of those whose words are searched, too.

    Returns:
        The matching runs in the chosen order; and the search text.
    """
    kinds = [kind for kind in TITLES if kind in {run.spec["strategy"]["kind"] for run in runs}]
    domains = sorted(set().union(*map(domains_of, runs)), key=domain_title)
    outcomes = sorted({run.outcome for run in runs})
    orders = {NEWEST: _("Newest first"), BEST: _("Best result first")}
    with st.container(horizontal=True, vertical_alignment="bottom", key="run-filter"):
        text = st.text_input(
            _("Search"),
            placeholder=_("name, method, domain, setting, id"),
            icon=":material/search:",
            live="0ms",  # text that is sent late would arrive after a press on a link, and undo it
            key="runs.search",
        )
        methods = st.multiselect(
            _("Method"), kinds, format_func=lambda kind: _(TITLES[kind]), placeholder=_("all"), key="runs.methods"
        )
        places = st.multiselect(
            _("Domain"), domains, format_func=domain_title, placeholder=_("all"), key="runs.domains"
        )
        states = st.multiselect(_("State"), outcomes, format_func=_, placeholder=_("all"), key="runs.states")
        order = st.selectbox(_("Order"), list(orders), format_func=orders.__getitem__, key="runs.order")

    def words(run: Run) -> str:
        found = experiments.get(run.experiment)
        experiment = f"{found.name} {preset_title(found)}" if found else ""
        spec = run.typed_spec
        title = _(type(spec.strategy).title)
        return " ".join([run.name, title, *facts(run), *changed_words(spec), _(run.outcome), experiment])

    wanted = RunFilter(text or "", methods, places, states)
    found = [run for run in runs if wanted.matches(run, words)]
    return (best_first(found) if order == BEST else found), text or ""
