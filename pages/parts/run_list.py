"""All runs as a table; tick some to draw them over one another and to see what they differ in."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.live.view import live_texts, live_view
from pages.parts.curves import overlay
from pages.parts.domains import domain_title
from pages.parts.numbers import numbers
from pages.parts.phases import phase_titles
from pages.parts.side_by_side import side_by_side
from pages.parts.store import delete, store
from pages.parts.text import _, local_time, locale, plain
from pages.parts.try_panel import try_panel
from xfer_core.exports.live_changes import with_changes
from xfer_core.exports.recipe import recipe_text
from xfer_core.runs.spec import RunSpec, spec_settings
from xfer_core.runs.store import FINISHED, LIVE, STOPPED, Run

SHOWN = 10  # rows before the table scrolls
DRAWN = 12


def _table(runs: list[Run]) -> pd.DataFrame:
    rows = []
    for run in runs:
        spec = RunSpec.model_validate(run.spec)
        rows.append(
            {
                "status": _(run.outcome),
                "name": run.name,
                "accuracy": _accuracy(run),
                "target": ", ".join(map(domain_title, spec.problem.target)),
                "source": ", ".join(map(domain_title, spec.problem.source)),
                "budget": str(spec.problem.labels_per_class),
                "strategy": _(type(spec.strategy).title),
                "seed": spec.seed,
                "created": local_time(run.created),
                "run": run.id,
            }
        )
    return pd.DataFrame(rows)


def _accuracy(run: Run) -> float | None:
    metric = run.target_metric
    known = metric and not run.broke and metric["name"].startswith("accuracy/")
    return metric["value"] if metric and known else None


def _choose(runs: list[Run]) -> list[Run]:
    """The table, and the runs that are ticked in it.

    Streamlit remembers ticks as row numbers, so a list of other runs is another table. It starts with the same runs
    ticked: a run that somebody else starts must not slip under a tick that was set for another.
    """
    columns, state = st.column_config, st.session_state
    key = f"runs.{hash(tuple(run.id for run in runs))}"
    if state.get("compare.table") != key:
        state["compare.table"] = key
        state["compare.rows"] = [row for row, run in enumerate(runs) if run.id in state.get("compare.ticked", ())]
    chosen = st.dataframe(
        _table(runs),
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": state["compare.rows"]}},
        key=key,
        height="content" if len(runs) <= SHOWN else 420,
        placeholder="–",
        column_config={
            "status": columns.TextColumn(_("Status"), width="small"),
            "name": _("Name"),
            "accuracy": columns.NumberColumn(_("Accuracy"), format="percent", help=_("On target test samples")),
            "target": _("Target"),
            "source": _("Source"),
            "budget": _("Labels a class"),
            "strategy": _("Strategy"),
            "seed": columns.NumberColumn(_("Seed"), width="small"),
            "created": columns.DatetimeColumn(_("Made"), format="distance"),
            "run": columns.TextColumn(_("Run"), width="small"),
        },
        alt=_("All runs with status, accuracy and what they were asked"),
    )
    ticked = [runs[row] for row in chosen["selection"]["rows"]]
    state["compare.ticked"] = [run.id for run in ticked]
    return ticked


def _rename(run: str) -> None:
    store().rename(run, st.session_state[f"name.{run}"])


def _delete(ids: list[str]) -> None:
    delete(ids)


def _one(run: Run) -> None:
    """What can be done with a single run."""
    st.page_link("run.py", label=_("Open"), icon=":material/open_in_new:", query_params={"run": run.id})
    st.page_link(
        "train.py",
        label=_("Duplicate into Train"),
        icon=":material/content_copy:",
        query_params=spec_settings(with_changes(store(), run)) or {"seed": "0"},
    )
    st.download_button(
        _("Recipe"),
        recipe_text(store(), run),
        f"{run.id}.recipe.json",
        "application/json",
        icon=":material/download:",
        on_click="ignore",
    )
    with st.popover(_("Rename"), icon=":material/edit:"):
        st.text_input(_("New name"), run.name, max_chars=200, key=f"name.{run.id}", on_change=_rename, args=(run.id,))


def _ask_to_delete(runs: list[Run], disabled: bool) -> None:
    with st.popover(_("Delete {count} …").format(count=len(runs)), icon=":material/delete:", disabled=disabled):
        st.markdown(_("Delete for good, with curves and weights? This cannot be undone."))
        st.caption(plain(", ".join(f"{run.name} ({run.id})" for run in runs)))
        st.button(_("Delete"), type="primary", on_click=_delete, args=([run.id for run in runs],), key="delete")


def run_list() -> None:
    """The table, and whatever is ticked in it."""
    runs = store().find()
    if not runs:
        st.info(_("There are no runs yet. The race on the Start page makes the first three."))
        st.page_link("start.py", label=_("To the race"), icon=":material/play_circle:")
        return
    st.caption(_("Tick runs on the left edge to open, rename, duplicate or delete them, or to lay them side by side."))
    chosen = _choose(runs)
    if not chosen:
        return
    live = any(run.status in LIVE for run in chosen)
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(chosen) == 1:
            _one(chosen[0])
        if len(chosen) == 2:
            first, second = chosen
            label, query = _("Look inside both"), {"run": first.id, "beside": second.id}
            st.page_link("run.py", label=label, icon=":material/splitscreen_right:", query_params=query)
        _ask_to_delete(chosen, disabled=live)
    if live:
        st.caption(_("Runs that are waiting or running must be stopped before they can be deleted."))
    if len(chosen) > 1:
        side_by_side(chosen)
    ended = [run for run in chosen if run.status in (FINISHED, STOPPED)]
    if ended and st.toggle(_("Draw a digit for these networks"), key="compare.try"):
        try_panel(ended[:DRAWN])
    lives, charts = overlay(chosen[:DRAWN])
    if len(chosen) > DRAWN:
        st.caption(_("The first {count} of the ticked runs are drawn.").format(count=DRAWN))
    live_view(lives, charts, layout="race", texts=live_texts(_, locale(), phase_titles()), key="overlay")
    numbers(chosen[:DRAWN], "compare.numbers")
