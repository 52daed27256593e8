"""Compare: experiments over methods, label budgets and seeds; and the list of all runs, to select and compare."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.compare.compared_runs import compared_runs
from pages.compare.experiment_form import experiment_form
from pages.compare.experiment_panel import experiment_panel
from pages.compare.experiment_upload import experiment_uploader
from pages.compare.run_list import COMPARED, run_list
from pages.i18n import _, format_time, plain
from pages.widgets import address
from pages.widgets.experiment_title import experiment_title, preset_title
from pages.widgets.refused import show_refused
from pages.widgets.store import store
from xfer_core.experiments.plan import Plan, plan_for
from xfer_core.experiments.plan_link import is_plan, read_plan
from xfer_core.experiments.presets import is_on_compare
from xfer_core.runs.store import NAME_LENGTH, StoredExperiment

EXPERIMENTS, RUNS = "experiments", "runs"
state = st.session_state


# ---------------------------------------------------------------------- the address


def _read_address(any_here: bool) -> None:
    """On arrival, decide what to show: the plan of the link, the experiment that it names, or what was shown before."""
    if not address.has_arrived():
        return
    given = st.query_params.to_dict()
    if is_plan(given):
        state["experiment.plan"], state["experiment.refused"] = read_plan(given)
        _fold_form(False)
    else:
        _fold_form("experiment" in given or state.get("experiment.folded", any_here))
    if "experiment" in given:
        state["experiment.shown"] = given["experiment"]
    state.pop("experiment.choice", None)
    address.note_read()


def _fold_form(folded: bool) -> None:
    """Reset the form to the last plan, folded or open."""
    state["experiment.folded"], state["experiment.form"] = folded, state.get("experiment.form", 0) + 1
    state["experiment.first"] = state.get("experiment.plan", plan_for("help"))


def _write_address(plan: Plan | None, shown: str) -> None:
    """Write the plan while the form is open, so that it can be shared; else the experiment that is shown."""
    wanted = {"experiment": shown} if shown else {}
    if plan is not None:
        wanted = address.without_long(plan.query())
    address.write_address(wanted)


# ---------------------------------------------------------------------- experiments


def _experiments(heading: DeltaGenerator) -> None:
    """The form, and below it one experiment, chosen in the page's heading."""
    here = {one.id: one for one in store().experiments().values() if is_on_compare(one)}
    _read_address(bool(here))
    show_refused("experiment.refused")
    asked = state.get("experiment.shown", "")
    if asked and asked not in here:
        st.info(_("The experiment of this link is not in this installation. Start it again below."))
    number = state.get("experiment.form", 0)
    form = st.expander(
        _("New experiment"),
        icon=":material/science:",
        expanded=not state.get("experiment.folded", bool(here)),
        on_change="rerun",
        key=f"experiment.form{number}",
    )
    state["experiment.folded"] = not form.open
    plan: Plan | None = None
    if form.open:  # while folded, it is not computed
        with form:
            plan, begun = experiment_form(state.get("experiment.first", plan_for("help")), f"plan{number}")
            with st.expander(_("Open the recipe of an experiment"), icon=":material/upload_file:"):
                experiment_uploader(_show_begun)
        state["experiment.plan"] = plan
        if begun:
            _show_begun(begun)
    shown = ""
    if here:
        with heading:
            shown = _choose_shown(here, asked)
    _write_address(plan, shown)
    if shown:
        _title_of(here[shown])
        experiment_panel(shown)


def _show_begun(experiment: str) -> None:
    """Show the experiment that was just started, with the form folded."""
    state["experiment.shown"] = experiment
    state.pop("experiment.choice", None)
    _fold_form(True)
    st.rerun()


def _choose_shown(here: dict[str, StoredExperiment], asked: str) -> str:
    """Choose one experiment; at first the one that the link names, else the newest. Its id."""
    shown = asked if asked in here else next(iter(here))

    def title(experiment: str) -> str:
        one = here[experiment]
        return " · ".join(filter(None, (one.name, preset_title(one), format_time(one.created))))

    if len(here) > 1:
        if state.get("experiment.choice") not in here:
            state["experiment.choice"] = shown
        shown = st.selectbox(
            _("Experiment"), list(here), format_func=title, key="experiment.choice",
            label_visibility="collapsed", width=340,
        )  # fmt: skip
    state["experiment.shown"] = shown
    return shown


def _title_of(experiment: StoredExperiment) -> None:
    """The title of the experiment, and a control to rename it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"### {plain(experiment_title(experiment))}", width="content")
        with st.popover(_("Name"), icon=":material/edit:"):
            key = f"experiment.name.{experiment.id}"
            st.text_input(
                _("Name of this experiment"),
                experiment.name,
                max_chars=NAME_LENGTH,
                placeholder=preset_title(experiment),
                on_change=_rename,
                args=(experiment.id, key),
                key=key,
            )


def _rename(experiment: str, key: str) -> None:
    store().name_experiment(experiment, state[key])


def _read_view() -> None:
    """On arrival, read the view of the page, and the runs to compare."""
    if not address.has_arrived():
        return
    state["compare.view"] = st.query_params.get("view") if st.query_params.get("view") == RUNS else EXPERIMENTS
    if state["compare.view"] == RUNS:
        state[COMPARED] = [run for run in st.query_params.get("runs", "").split(",") if run]
        address.note_read()


def _runs() -> None:
    """The list of runs, or the selected runs compared."""
    ids = state.get(COMPARED, [])
    address.write_address({"view": RUNS, **({"runs": ",".join(ids)} if ids else {})})
    if ids:
        compared_runs(ids)
    else:
        run_list()


def main() -> None:
    """The page."""
    _read_view()
    titles = {EXPERIMENTS: _("Experiments"), RUNS: _("All runs")}
    state.setdefault("compare.view", EXPERIMENTS)
    heading = st.container(horizontal=True, vertical_alignment="center")
    with heading:
        st.subheader(_("Compare"), width="content")
        view = st.segmented_control(
            _("What to compare"),
            list(titles),
            required=True,
            format_func=titles.__getitem__,
            label_visibility="collapsed",
            key="compare.view",
        )
    if view == RUNS:
        _runs()
    else:
        _experiments(heading)


main()
