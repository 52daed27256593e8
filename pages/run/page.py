"""The page of one run, or of two side by side: its result, and below it Live, Inspect, Try it and Export."""

from __future__ import annotations

import streamlit as st

from pages.i18n import _, error_text
from pages.run.export_panel import export_panel
from pages.run.heading import GONE, run_heading
from pages.run.inspect_panel import inspect_panel, question_in_address
from pages.widgets import address
from pages.widgets.data_table import data_table
from pages.widgets.live_panel import baselines_of, live_buttons, live_notes, live_panel, live_settings_panel
from pages.widgets.predict_panel import predict_panel
from pages.widgets.run_words import run_title
from pages.widgets.store import store
from xfer_core.analysis.measure import metric_text
from xfer_core.errors import XferError
from xfer_core.exports.live_changes import with_changes
from xfer_core.exports.recipe import recipe_text
from xfer_core.names import is_error
from xfer_core.runs.spec import spec_settings
from xfer_core.runs.store import LIVE, MEASURED, Run

LIVE_VIEW, INSPECT, TRY, EXPORT = "live", "inspect", "try", "export"
OLD_WORDS = {"watch": LIVE_VIEW, "inside": INSPECT, "home": EXPORT}  # values of ``view`` in old links
OFFERED = 100  # newest runs to choose from
state = st.session_state


def _read_address() -> None:
    """On arrival, decide what to show: the run of the link, or the one shown before."""
    if not address.has_arrived():
        return
    given = st.query_params.to_dict()
    state["run.shown"] = given.get("run") or state.get("run.shown", "")
    state["run.other"] = given.get("beside", "")
    view = OLD_WORDS.get(given.get("view", ""), given.get("view", ""))
    usual = INSPECT if state["run.other"] else LIVE_VIEW
    state["run.view"] = view if view in (LIVE_VIEW, INSPECT, TRY, EXPORT) else usual
    state.pop("run.beside", None)
    address.note_read()


def _run(key: str) -> Run | None:
    """The run whose id is stored under this key; shows an error where it does not exist."""
    if not state.get(key):
        return None
    try:
        return store().get(state[key])
    except XferError as error:
        st.error(error_text(error), icon=":material/error:")
        state[key] = ""
        return None


def _show_beside() -> None:
    state["run.other"] = state["run.beside"]


def _choose_beside(run: Run, beside: Run | None) -> None:
    """Choose another run with the same targets and tasks, for side by side."""
    problem = run.spec["problem"]
    alike = [
        other
        for other in store().find(statuses=MEASURED, limit=OFFERED)
        if other.id != run.id and all(other.spec["problem"][part] == problem[part] for part in ("target", "tasks"))
    ]
    if beside and beside.id not in {other.id for other in alike}:
        alike.insert(0, beside)
    titles = {other.id: run_title(other) for other in alike}
    options = ["", *titles]
    st.selectbox(
        _("Beside it"),
        options,
        options.index(beside.id) if beside else 0,
        format_func=lambda one: titles.get(one) or _("nothing"),
        key="run.beside",
        on_change=_show_beside,
        width=420,
    )


def _watch(run: Run, baselines: list[Run]) -> None:
    spec = with_changes(store(), run)
    live_buttons(run)
    if run.status in LIVE:
        live_settings_panel(run)
    live_notes(run)
    live_panel(run, baselines)
    data_table([run, *baselines], "run.numbers")
    st.page_link(
        "train/page.py",
        label=_("Duplicate into Train"),
        icon=":material/content_copy:",
        query_params=spec_settings(spec) or {"seed": "0"},
    )
    with st.expander(_("The recipe: everything that decides this run"), icon=":material/receipt_long:"):
        st.download_button(
            _("Recipe"),
            recipe_text(store(), run),
            f"{run.id}.recipe.json",
            "application/json",
            icon=":material/download:",
            on_click="ignore",
        )
        st.code(recipe_text(store(), run), language="json")


def _page_title(run: Run) -> str:
    """Title in the browser's tab and history: name and result."""
    metric = run.target_metric
    if metric is None or run.broke:
        return f"{run.name} · Xfer"
    name, value = metric["name"], metric["value"]
    result = metric_text(name, value) if is_error(name) else f"{100 * value:.0f} %"
    return f"{run.name} {result} · Xfer"


def main() -> None:
    """The page."""
    if state.pop(GONE, False):
        st.switch_page("compare/page.py", query_params={"view": "runs"})
    _read_address()
    run = _run("run.shown")
    if run is None:
        address.write_address({})
        st.info(_("No run is chosen. Pick one in Compare."))
        query = {"view": "runs"}
        label, icon = _("To the list of runs"), ":material/stacked_line_chart:"
        st.page_link("compare/page.py", label=label, icon=icon, query_params=query)
        return
    beside = _run("run.other")
    st.set_page_config(page_title=_page_title(run))
    titles = {LIVE_VIEW: _("Live"), INSPECT: _("Inspect"), TRY: _("Try it"), EXPORT: _("Export")}
    state.setdefault("run.view", LIVE_VIEW)
    here = {"run": run.id, **({"beside": beside.id} if beside else {}), "view": state["run.view"]}
    here |= question_in_address(run) if state["run.view"] == INSPECT else {}
    address.write_address(here)
    baselines = baselines_of(run)
    run_heading(run, baselines, here)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        view = st.segmented_control(
            _("What to do with it"),
            list(titles),
            required=True,
            format_func=titles.__getitem__,
            label_visibility="collapsed",
            key="run.view",
        )
        if view in (INSPECT, TRY):
            _choose_beside(run, beside)
    both = [run, *([beside] if beside else [])]
    if view == LIVE_VIEW:
        _watch(run, baselines)
    elif view == INSPECT:
        inspect_panel(run, beside, weights=True)
    elif view == TRY:
        own = {"image": _("predict on your own drawing or picture"), "text": _("predict on a text of your own")}
        words = own.get(run.typed_spec.problem.input_spec().modality, _("predict on values of your own"))
        st.markdown(f"#### {_('Try it')} — {words}")
        predict_panel(both)
    elif run.status in MEASURED:
        export_panel(run)
    else:
        st.info(_("There is something to export once this run has ended."), icon=":material/hourglass_top:")


main()
