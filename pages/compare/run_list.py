"""List of all runs: links to their pages, one entry per experiment; runs can be selected to compare or delete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from pages.compare.plan_words import run_words
from pages.compare.run_filter import choose_runs
from pages.i18n import _, format_time, plain
from pages.widgets.experiment_title import preset_title
from pages.widgets.run_words import facts, result_words, run_title, transfer_words
from pages.widgets.store import delete, store
from xfer_core.experiments.listing import ListEntry, entries
from xfer_core.experiments.presets import is_on_compare
from xfer_core.runs.store import (
    COLLAPSED,
    DIVERGED,
    FAILED,
    FINISHED,
    INTERRUPTED,
    LIVE,
    PAUSED,
    QUEUED,
    RUNNING,
    STOPPED,
    Run,
    StoredExperiment,
)

T = TypeVar("T")

A_PAGE = 25  # entries
UNFOLDED = 25  # with at most so many matches of a search, entries of experiments are open
SELECTED = "runs.selected"  # ids, in the order in which they were selected
CHANGED = "runs.changed"  # ids of those that somebody changed while they trained
COMPARED = "runs.compared"  # ids of those that are compared now
ICONS = {
    QUEUED: ":material/schedule:",
    RUNNING: ":material/play_circle:",
    PAUSED: ":material/pause_circle:",
    FINISHED: ":material/check_circle:",
    STOPPED: ":material/stop_circle:",
    DIVERGED: ":material/trending_up:",
    COLLAPSED: ":material/report:",
    FAILED: ":material/error:",
    INTERRUPTED: ":material/power_off:",
}
BADGES = {
    QUEUED: "gray", RUNNING: "blue", PAUSED: "gray", STOPPED: "orange", DIVERGED: "orange", COLLAPSED: "orange",
    FAILED: "red", INTERRUPTED: "red",
}  # fmt: skip
state = st.session_state

# A row: a checkbox and a link over the whole width, with name, setup, and result at the right end. On a phone the setup
# is below.
STYLE = """<style>
[class*=st-key-run-row] {gap: .25rem; flex-wrap: nowrap; padding: .3rem 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 12%, transparent)}
[class*=st-key-run-row] [data-testid=stPageLink] a {padding: .35rem .5rem}
[class*=st-key-run-row] [data-testid=stPageLink] a > span:last-child,
[class*=st-key-run-row] [data-testid=stPageLink] [data-testid=stMarkdownContainer] {flex: 1; white-space: normal}
[class*=st-key-run-row] [data-testid=stPageLink] p {display: flex; flex-wrap: wrap; column-gap: .6rem;
  align-items: baseline; white-space: normal; overflow-wrap: anywhere; line-height: 1.35}
[class*=st-key-run-row] p > strong:first-child {min-width: 11rem}
[class*=st-key-run-row] p > :nth-child(2) {flex: 1 1 20rem}
[class*=st-key-run-row] p > strong:last-child:not(:first-child) {min-width: 4rem; text-align: right;
  font-variant-numeric: tabular-nums}
@media (max-width: 700px) {
  [class*=st-key-run-row] p > strong:first-child {min-width: 0; flex: 1}
  [class*=st-key-run-row] p > :nth-child(2) {order: 3; flex-basis: 100%}
}
.st-key-run-filter > * {flex: 1 1 8rem}
.st-key-run-filter > :first-child {flex: 2 1 12rem}
@media (max-width: 700px) {.st-key-run-filter > :first-child {flex-basis: 100%}}
[data-testid=stLayoutWrapper]:has(> .st-key-run-selection) {position: sticky; top: 3.75rem; z-index: 99}
.st-key-run-selection {min-height: 3rem; background: var(--st-background-color)}
</style>"""


def run_list() -> None:
    """Show the list with its filters and the actions on selected runs."""
    runs = store().find()
    if not runs:
        st.info(_("There are no runs yet. The race on the Start page makes the first three."))
        st.page_link("start/page.py", label=_("To the race"), icon=":material/play_circle:")
        return
    st.html(STYLE)
    experiments = {one.id: one for one in store().experiments().values() if is_on_compare(one)}
    found, text = choose_runs(runs, experiments)
    _selection(runs, len(found))
    if not found:
        st.info(_("No run matches."))
        return
    many = Counter(run.experiment for run in runs)
    state[CHANGED] = store().changed_by_hand([run.id for run in found])
    unfold = bool(text) and len(found) <= UNFOLDED

    def draw(entry: ListEntry) -> None:
        if entry.experiment:
            _experiment(entry, experiments[entry.experiment], many[entry.experiment], unfold)
        else:
            _row(entry.runs[0])

    _in_pages(entries(found, experiments), draw, "runs.page")


def _in_pages(all_of_them: Sequence[T], draw: Callable[[T], None], key: str) -> None:
    """Draw the entries of the chosen page; with several pages, the choice of the page is below them."""
    pages = -(-len(all_of_them) // A_PAGE)
    above = st.container(gap=None)
    page = st.pagination(pages, key=f"{key}.{pages}") if pages > 1 else 1
    with above:
        for one in all_of_them[(page - 1) * A_PAGE : page * A_PAGE]:
            draw(one)


def _row(run: Run) -> None:
    """One run: a checkbox to select it and a link to its page."""
    key, title = f"select.{run.id}", run_title(run)
    state[key] = run.id in state.get(SELECTED, [])
    with st.container(horizontal=True, vertical_alignment="center", key=f"run-row-{run.id}"):
        label = plain(_("Select {run}").format(run=title))
        st.checkbox(label, key=key, on_change=_select, args=(run.id, key), label_visibility="collapsed")
        query = {"run": run.id}
        st.page_link(
            "run/page.py", label=_row_label(run), icon=ICONS.get(run.outcome), query_params=query, width="stretch"
        )


def _row_label(run: Run) -> str:
    """Name, setup and result; Markdown."""
    *asked, _id = facts(run)
    badge = f" :{BADGES[run.outcome]}-badge[{_(run.outcome)}]" if run.outcome in BADGES else ""
    if run.id in state.get(CHANGED, ()):
        badge += f" :violet-badge[{_('changed by hand')}]"
    return f"**{plain(run.name)}** :gray[{plain(' · '.join(asked))}]{badge} **{result_words(run) or '–'}**"


def _experiment(entry: ListEntry, experiment: StoredExperiment, many: int, unfold: bool) -> None:
    """The runs of an experiment, in an expander."""
    spec, count = entry.runs[0].typed_spec, len(entry.runs)
    title = " · ".join(filter(None, (experiment.name, preset_title(experiment))))
    states = Counter(run.outcome for run in entry.runs)
    parts = [
        run_words(many) if count == many else _("{count} of {many} runs").format(count=count, many=many),
        transfer_words(spec),
        ", ".join(f"{number} {_(outcome)}" for outcome, number in states.items()),
        format_time(min(run.created for run in entry.runs)),
    ]
    label = f"**{plain(title)}** :small[{plain(' · '.join(parts))}]"
    key = f"runs.fold.{experiment.id}.{unfold}"
    fold = st.expander(label, unfold, icon=":material/science:", on_change="rerun", key=key)
    if not fold.open:  # folded, its rows are not drawn
        return
    with fold:
        with st.container(horizontal=True):
            label, icon = _("Open the experiment"), ":material/stacked_line_chart:"
            st.button(label, icon=icon, on_click=_open_experiment, args=(experiment.id,), key=f"open.{experiment.id}")
            ids = [run.id for run in entry.runs]
            label = _("Select these {count}").format(count=count)
            st.button(label, on_click=_select_all, args=(ids,), key=f"select-all.{experiment.id}")
        _in_pages(entry.runs, _row, f"runs.page.{experiment.id}")


def _open_experiment(experiment: str) -> None:
    state["experiment.shown"], state["compare.view"] = experiment, "experiments"
    state["experiment.folded"], state["experiment.form"] = True, state.get("experiment.form", 0) + 1
    state.pop("experiment.choice", None)


# ---------------------------------------------------------------------- the selection


def _select(run: str, key: str) -> None:
    others = [one for one in state.get(SELECTED, []) if one != run]
    state[SELECTED] = [*others, run] if state[key] else others


def _select_all(ids: list[str]) -> None:
    state[SELECTED] = list(dict.fromkeys([*state.get(SELECTED, []), *ids]))


def _clear() -> None:
    state[SELECTED] = []


def _compare() -> None:
    state[COMPARED] = list(state[SELECTED])


def _selection(runs: list[Run], found: int) -> None:
    """Number of selected runs and actions on them; stays visible while scrolling."""
    here = {run.id: run for run in runs}
    state[SELECTED] = [run for run in state.get(SELECTED, []) if run in here]
    chosen = [here[run] for run in state[SELECTED]]
    with st.container(horizontal=True, vertical_alignment="center", key="run-selection"):
        if not chosen:
            text = _("{runs}. Press one to open it; select several to compare or delete them.")
            st.caption(text.format(runs=run_words(found)))
            return
        st.markdown("**" + _("{count} selected").format(count=len(chosen)) + "**", width="content")
        alone = len(chosen) == 1
        tip = _("Select at least one more.") if alone else None
        icon = ":material/compare_arrows:"
        st.button(_("Compare"), type="primary", icon=icon, on_click=_compare, disabled=alone, help=tip, key="compare")
        _ask_to_delete(chosen)
        st.button(_("Clear"), icon=":material/close:", on_click=_clear, key="clear")


def _ask_to_delete(runs: list[Run]) -> None:
    live = any(run.status in LIVE for run in runs)
    tip = _("Runs that are waiting or running must be stopped before they can be deleted.") if live else None
    label = _("Delete {count} …").format(count=len(runs))
    with st.popover(label, icon=":material/delete:", disabled=live, help=tip):
        st.markdown(_("Delete for good, with curves and weights? This cannot be undone."))
        st.caption(plain(", ".join(map(run_title, runs))))
        st.button(_("Delete"), type="primary", on_click=_delete, args=([run.id for run in runs],), key="delete")


def _delete(ids: list[str]) -> None:
    delete(ids)
