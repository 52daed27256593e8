"""Which source for this target? Ranked before training, then measured."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.domains.rank_check import ranking_check
from pages.domains.remembered import remembered
from pages.i18n import _, plain
from pages.theme import is_dark
from pages.widgets import address
from pages.widgets.domain_pictures import domain_pictures
from pages.widgets.domains import domain_title, is_known, task_title
from pages.widgets.download import offer_download
from pages.widgets.plain_chart import PLAIN
from pages.widgets.problem import budget_label, set_sliders, with_parameters
from xfer_core.analysis.source_ranking import (
    LOWER_IS_BETTER,
    MEASURES,
    SourceScore,
    compatible_sources,
    order_of,
    rank_sources,
    rankable_tasks,
)
from xfer_core.charts.source_ranking import rank_chart
from xfer_core.domains import domain_keys, is_available, registry
from xfer_core.domains.reference import key_of

TARGET, TASK, BUDGET, KEPT = "domains.rank.target", "domains.rank.task", "domains.rank.labels", "domains.rank.kept"
READ, CHOSEN, USUAL = "domains.rank.read", "domains.rank.chosen", "digits.photo"
BUDGETS: tuple[Any, ...] = (5, 10, 20, 50, "all")


def measure_titles() -> dict[str, str]:
    """Measure → its title."""
    return {
        "leep": "LEEP",
        "logme": "LogME",
        "h_score": _("H-score"),
        "nearest_class_mean": _("nearest mean"),
        "a_distance": _("A-distance"),
        "mmd": "MMD",
    }


def rank_view() -> dict[str, str]:
    """The page's view. Returns the parameters of the address."""
    state = st.session_state
    _read_address()
    st.caption(
        _(
            "Before you train: which source promises most for this target? A quick network of every source is asked "
            "what it knows of a few labelled target samples; distances compare the inputs alone."
        )
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key, given = (
            st.selectbox(_("Target"), domain_keys(), format_func=domain_title, key=TARGET, width=340),
            state.get(READ, ""),
        )
        target = state[CHOSEN] = with_parameters(given if key_of(given) == key else key, TARGET)
        if not is_available(target):
            offer_download(target, "target")
            return _address()
        tasks = rankable_tasks(target)
        if not tasks:
            st.info(_("Fewer than two other domains here share classes with it."), icon=":material/info:")
            return _address()
        if state.get(TASK) not in tasks:
            state[TASK] = tasks[0]
        if len(tasks) > 1:
            st.segmented_control(_("Task"), tasks, required=True, format_func=task_title, key=TASK)
        budget = st.segmented_control(
            _("Target labels per class"), BUDGETS, required=True, format_func=budget_label, key=BUDGET
        )
    domain_pictures([target])
    ranked = _ranked(target, state[TASK], budget)
    if ranked is not None:
        _show(ranked, target, state[TASK], budget)
    return _address()


def _ranked(target: str, task: str, budget: Any) -> list[SourceScore] | None:
    """The ranking, from memory if it was made before; None if it is refused, which is said."""
    sources = compatible_sources(target, task)
    key = target, task, budget, tuple((source, registry().version(source)) for source in (target, *sources))
    sentence = _("Asking every source…")
    return remembered(KEPT, key, sentence, lambda tell: rank_sources(target, task, budget, sources, tell))


def _show(ranked: list[SourceScore], target: str, task: str, budget: Any) -> None:
    titles = {one.source: domain_title(one.source) for one in ranked}
    names = measure_titles()
    shown = [name for name in MEASURES if any(name in one.scores for one in ranked)]
    firsts: dict[str, list[str]] = {}
    for name in shown:
        firsts.setdefault(order_of(ranked, name)[0], []).append(names[name])
    words = "; ".join(f"**{plain(titles[source])}** ({', '.join(by)})" for source, by in firsts.items())
    st.markdown(_("Most promising: {sources}.").format(sources=words))
    place = st.container()
    gains = ranking_check(ranked, target, task, budget, names)
    with place:
        orders = {names[name]: order_of(ranked, name) for name in shown}
        measured = ""
        if gains:
            measured = _("measured gain")
            orders[measured] = sorted(gains, key=lambda source: -gains[source])
        figure = rank_chart(orders, titles, is_dark(), _("rank, best on top"), measured)
        alt = _("Rank of each source by every measure; lines cross where the measures disagree.")
        st.plotly_chart(figure, key="domains.rank.chart", alt=alt, config=PLAIN)
    with st.expander(_("The numbers"), icon=":material/table_rows:"):
        rows = [
            {
                _("source"): titles[one.source],
                **{names[name] + (" ↓" if name in LOWER_IS_BETTER else " ↑"): one.scores.get(name) for name in shown},
                _("its own accuracy"): one.accuracy,
                **({_("measured gain"): gains.get(one.source)} if gains else {}),
            }
            for one in ranked
        ]
        st.dataframe(pd.DataFrame(rows).round(3), hide_index=True, alt=_("Every score of every source"))
        st.caption(
            _(
                "↑: more is better, ↓: less is better. LEEP: log likelihood of the labels by the source's predictions, "
                "in nats. LogME: evidence of the labels under a linear model of its features. H-score: variance of "
                "the features between classes. Nearest mean: accuracy of the nearest class mean, each sample left out. "
                "A-distance: 0 if inputs overlap, 2 if a line separates them. MMD: squared, of the inputs. Each of "
                "them ranks some problems wrongly; scores of few labels vary."
            )
        )


def _address() -> dict[str, str]:
    state = st.session_state
    return {"target": state[CHOSEN], "task": state.get(TASK, ""), "labels": str(state[BUDGET])}


def _read_address() -> None:
    """Once for every arrival, read ``target``, ``task`` and ``labels``; what is wrong is ignored."""
    state = st.session_state
    if address.first_since_arrival("rank"):
        given = address.given_on_arrival()
        reference = given.get("target", "")
        if is_known(reference):
            state[TARGET], state[READ] = key_of(reference), reference
            set_sliders(reference, TARGET)
            state[TASK] = given.get("task", "")
        budget = next((one for one in BUDGETS if str(one) == given.get("labels")), None)
        if budget is not None:
            state[BUDGET] = budget
    if state.get(TARGET) not in domain_keys():
        state[TARGET] = USUAL if USUAL in domain_keys() else domain_keys()[0]
    if state.get(BUDGET) not in BUDGETS:
        state[BUDGET] = 20
