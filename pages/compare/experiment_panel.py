"""One experiment: verdict, progress, charts and table, updated as results come in."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.compare.common_words import show_common_samples
from pages.compare.experiment_charts import experiment_charts
from pages.compare.experiment_export import export_menu
from pages.compare.experiment_facts import every_setting, experiment_facts
from pages.compare.experiment_verdict import findings_table, show_experiment_verdict
from pages.components.live_chart.view import live_texts, live_view
from pages.i18n import _, counted, error_text, locale, plain, time_range
from pages.widgets.chart_runs import overlay_charts, reason_text
from pages.widgets.measure import auc_value, choose_auc
from pages.widgets.notice import show_notices
from pages.widgets.phases import phase_titles
from pages.widgets.store import delete, store
from xfer_core.analysis.duration import paces, seconds_left
from xfer_core.errors import XferError
from xfer_core.execution.dispatcher import ensure_dispatcher
from xfer_core.experiments.experiment import add_seeds, finished_unique, one_run_per_condition, pause, resume
from xfer_core.exports.experiments.results import ExperimentResults, results_so_far
from xfer_core.runs.store import DIVERGED, FAILED, LIVE, RUNNING, Run

LOOK_SECONDS = 2
DRAWN = 6  # training runs whose curves are drawn until there is a result
REASONS = 3  # failed runs that are shown; the others are counted


def experiment_panel(experiment: str) -> None:
    """Everything about one experiment, refreshed periodically while runs wait or train."""
    live = any(run.status in LIVE for run in store().find(experiment=experiment))
    st.fragment(_panel, run_every=LOOK_SECONDS if live else None)(experiment, live)


def _panel(experiment: str, was_live: bool) -> None:
    stored = store().experiment(experiment)
    runs = store().find(experiment=experiment)
    if stored is None or not runs:
        st.info(_("This experiment was deleted."))
        return
    live = any(run.status in LIVE for run in runs)
    if live != was_live:
        st.rerun()  # the interval is set when the page runs
    runs = sorted(runs, key=lambda run: run.created)
    spec = runs[0].typed_spec
    experiment_facts(runs)
    show_common_samples(stored.preset, spec.problem)
    show_notices(key for run in one_run_per_condition(runs) for key in run.typed_spec.problem.roles())
    measured = (auc_value(run) is not None for run in finished_unique(runs))
    auc = any(measured) and choose_auc([spec], "experiment")
    results = results_so_far(stored, runs, st.session_state.get("experiment.reference", ""), auc)
    if auc and len(results.table) < len(results.done):
        st.caption(_("Runs of an earlier version have no AUC and are left out."))
    verdicts = results.sentences(plain, _)
    show_experiment_verdict(verdicts)
    _progress(runs, len(results.done))
    _buttons(experiment, runs, live, results)
    _failures(results.runs)
    if not results.table:
        _until_the_first_result(experiment, results)
        return
    experiment_charts(results)
    for sentence in verdicts[1:]:
        st.markdown(sentence.text)
    _choose_reference(results.titles, results.reference)
    findings_table(results.found, results.reference, results.titles, results.measure)
    every_setting(results.runs)


def _until_the_first_result(experiment: str, results: ExperimentResults) -> None:
    """Curves of the runs that train now, shown until there is a result."""
    training = [run for run in results.runs if run.status == RUNNING][:DRAWN]
    if not training:
        st.info(_("The first run starts in a moment; its curve appears here."), icon=":material/hourglass_top:")
        return
    st.caption(_("Training now. The first result appears here when a run ends."))
    lives, charts = overlay_charts(training, results.looks)
    live_view(lives, charts, layout="race", texts=live_texts(_, locale(), phase_titles()), key=f"live.{experiment}")


def _choose_reference(titles: dict[str, str], reference: str) -> None:
    if len(titles) < 2:
        return
    st.session_state["experiment.reference"] = reference
    st.selectbox(
        _("Compared with"), list(titles), format_func=titles.__getitem__, key="experiment.reference", width=320
    )


def _progress(runs: list[Run], done: int) -> None:
    if done == len(runs):
        return
    waiting = [run for run in runs if run.status in LIVE]
    left = seconds_left(runs, paces(runs))
    sentence = _("{done} of {all} runs are done").format(done=done, all=len(runs))
    if left:
        sentence += " · " + _("about {time} left").format(time=time_range(left.low, left.high))
    part = sum(_part(run) for run in waiting)
    st.progress(min(1.0, (done + part) / len(runs)), sentence)


def _part(run: Run) -> float:
    """The fraction of a live run that is done."""
    progress = run.progress or {}
    return progress["step"] / progress["steps"] if progress.get("steps") else 0.0


def _buttons(experiment: str, runs: list[Run], live: bool, results: ExperimentResults) -> None:
    done = len(results.done)
    with st.container(horizontal=True, vertical_alignment="center"):
        if done == len(runs):
            seeds = counted(len({run.spec["seed"] for run in runs}), _("1 seed"), _("{count} seeds"))
            text = _("Its one run is done; {seeds}.") if done == 1 else _("All {count} runs are done; {seeds}.")
            st.caption(text.format(count=done, seeds=seeds), width="content")
        if live:
            st.button(_("Pause"), icon=":material/pause:", on_click=pause, args=(store(), runs), key="experiment.pause")
        elif done < len({run.digest for run in runs}):
            st.button(
                _("Go on with what is missing"),
                type="primary",
                icon=":material/play_arrow:",
                on_click=_go_on,
                args=(experiment,),
                key="experiment.go_on",
            )
        with st.popover(_("More seeds"), icon=":material/add:"):
            st.number_input(_("Seeds more"), 1, 20, 5, key="experiment.more")
            st.button(_("Add them"), type="primary", on_click=_add, args=(experiment,), key="experiment.add")
        if results.table:
            export_menu(experiment, results.reference, results.auc)
        if not live:
            with st.popover(_("Delete …"), icon=":material/delete:"):
                one = _("Delete the one run of this experiment for good?")
                st.markdown(counted(len(runs), one, _("Delete all {count} runs of this experiment for good?")))
                ids = [run.id for run in runs]
                st.button(_("Delete"), type="primary", on_click=_delete, args=(ids,), key="experiment.delete")


def _go_on(experiment: str) -> None:
    resume(store(), experiment)
    ensure_dispatcher()


def _add(experiment: str) -> None:
    """Add the number of seeds in the field at the time of the press: the page may not have rerun since."""
    count = int(st.session_state["experiment.more"])
    try:
        store().create_many(add_seeds(store().find(experiment=experiment), count), experiment)
        ensure_dispatcher()
    except XferError as error:
        st.toast(error_text(error), icon=":material/info:")


def _delete(ids: list[str]) -> None:
    if delete(ids):
        st.session_state.pop("experiment.shown", None)
        st.query_params.pop("experiment", None)


def _failures(runs: Sequence[Run]) -> None:
    changed = store().changed_by_hand([run.id for run in runs])
    for ids, text in (
        (changed, _("λ or the learning rate was changed by hand while these trained: {runs}.")),
        ({run.id for run in runs if run.outcome == DIVERGED}, _("Diverged, and counted as they came out: {runs}.")),
    ):
        if ids:
            names = ", ".join(f"{run.name} ({_('seed')} {run.spec['seed']})" for run in runs if run.id in ids)
            st.warning(plain(text.format(runs=names)), icon=":material/warning:")
    failed = [run for run in runs if run.status == FAILED]
    for run in failed[:REASONS]:
        st.error(plain(f"{run.name}: {reason_text(run)}"), icon=":material/error:")
    if len(failed) > REASONS:
        st.caption(_("{count} more failed.").format(count=len(failed) - REASONS))
    if broke := [f"{run.name} ({_('seed')} {run.spec['seed']})" for run in runs if run.broke]:
        text = _("Failed, and left out of the charts, because the network broke and its result is no number: {runs}.")
        st.error(text.format(runs=", ".join(broke)), icon=":material/error:")
