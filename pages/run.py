"""One run, or two side by side: watch it, look inside, try it, take it home."""

from __future__ import annotations

import streamlit as st

from pages.parts.inside import inside
from pages.parts.live_panel import baselines_of, live_buttons, live_knobs, live_notes, live_panel
from pages.parts.numbers import numbers
from pages.parts.store import store
from pages.parts.take_home import take_home
from pages.parts.text import _, error_text, plain
from pages.parts.try_panel import try_panel
from pages.parts.verdict import show_verdict
from xfer_core.errors import XferError
from xfer_core.runs.spec import RunSpec, spec_settings
from xfer_core.runs.store import FINISHED, LIVE, STOPPED, Run
from xfer_core.strict_json import to_json

WATCH, INSIDE, TRY, HOME = "watch", "inside", "try", "home"
OFFERED = 100  # of the newest runs, to lay beside


def _run(key: str, run_id: str) -> Run | None:
    """The run that the link names under ``key``; says so where it is not here."""
    if not run_id:
        return None
    try:
        return store().get(run_id)
    except XferError as error:
        st.error(error_text(error), icon=":material/error:")
        st.query_params.pop(key, None)
        return None


def _lay_beside() -> None:
    chosen = st.session_state["run.beside"]
    if chosen:
        st.query_params["beside"] = chosen
    else:
        st.query_params.pop("beside", None)


def _choose_beside(run: Run, beside: Run | None) -> None:
    """Another run of the same targets and tasks, to be looked at side by side."""
    problem = run.spec["problem"]
    alike = [
        other
        for other in store().find(statuses=(FINISHED, STOPPED), limit=OFFERED)
        if other.id != run.id and all(other.spec["problem"][part] == problem[part] for part in ("target", "tasks"))
    ]
    if beside and beside.id not in {other.id for other in alike}:
        alike.insert(0, beside)
    titles = {other.id: f"{other.name} · {other.id}" for other in alike}
    options = ["", *titles]
    st.selectbox(
        _("Beside it"),
        options,
        options.index(beside.id) if beside else 0,
        format_func=lambda one: titles.get(one) or _("nothing"),
        key="run.beside",
        on_change=_lay_beside,
        width=320,
    )


def _watch(run: Run) -> None:
    spec = RunSpec.model_validate(run.spec)
    baselines = baselines_of(run)
    live_buttons(run)
    if run.status in LIVE:
        live_knobs(run)
    live_notes(run)
    with st.container(key="verdict"):
        show_verdict(run, baselines)
    live_panel(run, baselines)
    numbers([run, *baselines], "run.numbers")
    st.page_link(
        "train.py",
        label=_("Duplicate into Train"),
        icon=":material/content_copy:",
        query_params=spec_settings(spec) or {"seed": "0"},
    )
    with st.expander(_("The recipe: everything that decides this run"), icon=":material/receipt_long:"):
        st.code(to_json(run.spec, indent=2), language="json")


def _page_title(run: Run) -> str:
    """In the browser's tab and history: the name and what came of it."""
    metric = run.target_metric
    if metric is None or run.broke:
        return f"{run.name} · Xfer"
    result = f"{metric['value']:.1f}°" if metric["name"].startswith("error/") else f"{100 * metric['value']:.0f} %"
    return f"{run.name} {result} · Xfer"


def main() -> None:
    """The page."""
    run = _run("run", st.query_params.get("run") or st.session_state.get("run.shown", ""))
    if run is None:
        st.info(_("No run is chosen. Pick one in Compare."))
        st.page_link("compare.py", label=_("To the list of runs"), icon=":material/stacked_line_chart:")
        return
    st.session_state["run.shown"] = st.query_params["run"] = run.id
    beside = _run("beside", st.query_params.get("beside", ""))
    st.set_page_config(page_title=_page_title(run))
    st.subheader(plain(run.name))
    titles = {WATCH: _("Watch"), INSIDE: _("Look inside"), TRY: _("Try it"), HOME: _("Take home")}
    asked = st.query_params.get("view", "")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        view = st.segmented_control(
            _("What to do with it"),
            list(titles),
            default=asked if asked in titles else (INSIDE if beside else WATCH),
            required=True,
            format_func=titles.__getitem__,
            label_visibility="collapsed",
            key=f"run.view.{run.id}",
        )
        if view in (INSIDE, TRY):
            _choose_beside(run, beside)
    st.query_params["view"] = view
    both = [run, *([beside] if beside else [])]
    if view == WATCH:
        _watch(run)
    elif view == INSIDE:
        inside(run, beside, weights=True)
    elif view == TRY:
        try_panel(both)
    elif run.status in (FINISHED, STOPPED):
        take_home(run)
    else:
        st.info(_("There is something to take home once this run has ended."), icon=":material/hourglass_top:")


main()
