"""One experiment: how far it is, what it found, and its pictures, which fill as results come in."""

from __future__ import annotations

import streamlit as st

from pages.parts.curves import reason_text
from pages.parts.experiment_pictures import pictures
from pages.parts.experiment_words import findings_table, sentences
from pages.parts.store import delete, start, store
from pages.parts.text import _, error_text, plain, time_range
from xfer_core.analysis.comparison import by_arm, rows
from xfer_core.analysis.duration import paces, seconds_left
from xfer_core.analysis.findings import findings, usual_reference
from xfer_core.errors import XferError
from xfer_core.runs.dispatcher import ensure_dispatcher
from xfer_core.runs.experiment import counted, go_on, more_seeds, pause
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import FAILED, LIVE, Run

LOOK_SECONDS = 2
REASONS = 3  # failed runs that are named; the others are counted


def experiment_panel(batch: str, title: str) -> None:
    """Everything about one experiment; looks again by itself while runs are waiting or running."""
    live = any(run.status in LIVE for run in store().find(batch=batch))
    st.fragment(_panel, run_every=LOOK_SECONDS if live else None)(batch, title, live)


def _panel(batch: str, title: str, was_live: bool) -> None:
    runs = sorted(store().find(batch=batch), key=lambda run: run.created)
    if not runs:
        st.info(_("This experiment was deleted."))
        return
    live = any(run.status in LIVE for run in runs)
    if live != was_live:
        st.rerun()  # the page decides how often to look
    st.markdown(f"### {plain(title)}")
    done = counted(runs)
    _progress(runs, len(done))
    _buttons(batch, runs, live, len(done))
    _failures(runs)
    table = rows(done)
    if not table:
        st.info(_("The first result appears here in a moment."), icon=":material/hourglass_top:")
        return
    spec = RunSpec.model_validate(runs[0].spec)
    numbers = spec.problem.tasks[0] in spec.problem.regressions()
    titles = {arm: own[0].title for arm, own in by_arm(table).items()}
    usual = usual_reference(table)
    if whole := [row for row in table if row.finite]:  # a mean over what broke is no mean
        pictures(batch, whole, titles, spec, done)
    reference = _reference(titles, usual)
    found = findings(table, reference, higher_is_better=not numbers)
    for sentence in sentences(table, found, reference, titles, numbers):
        st.markdown(sentence)
    findings_table(found, reference, titles, numbers)
    rule = spec.training.selection
    st.caption(_("Which step counts: {rule}.").format(rule=rule))


def _reference(titles: dict[str, str], usual: str) -> str:
    if len(titles) < 2:
        return usual
    arms = list(titles)
    return st.selectbox(
        _("Compared with"),
        arms,
        arms.index(usual),
        format_func=titles.__getitem__,
        key="experiment.reference",
        width=320,
    )


def _progress(runs: list[Run], done: int) -> None:
    if done == len(runs):
        seeds = len({run.spec["seed"] for run in runs})
        st.caption(_("All {count} runs are done; {seeds} seeds.").format(count=done, seeds=seeds))
        return
    waiting = [run for run in runs if run.status in LIVE]
    left = seconds_left(runs, paces(runs))
    sentence = _("{done} of {all} runs are done").format(done=done, all=len(runs))
    if left:
        sentence += " · " + _("about {time} left").format(time=time_range(left.low, left.high))
    part = sum(_part(run) for run in waiting)
    st.progress(min(1.0, (done + part) / len(runs)), sentence)


def _part(run: Run) -> float:
    """How much of a living run is done."""
    progress = run.progress or {}
    return progress["step"] / progress["steps"] if progress.get("steps") else 0.0


def _buttons(batch: str, runs: list[Run], live: bool, done: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if live:
            st.button(_("Pause"), icon=":material/pause:", on_click=pause, args=(store(), runs), key="experiment.pause")
        elif done < len({run.digest for run in runs}):
            st.button(
                _("Go on with what is missing"),
                type="primary",
                icon=":material/play_arrow:",
                on_click=_go_on,
                args=(batch,),
                key="experiment.go_on",
            )
        with st.popover(_("More seeds"), icon=":material/add:"):
            st.number_input(_("Seeds more"), 1, 20, 5, key="experiment.more")
            st.button(_("Add them"), type="primary", on_click=_add, args=(batch,), key="experiment.add")
        if not live:
            with st.popover(_("Delete …"), icon=":material/delete:"):
                st.markdown(_("Delete all {count} runs of this experiment for good?").format(count=len(runs)))
                ids = [run.id for run in runs]
                st.button(_("Delete"), type="primary", on_click=_delete, args=(ids,), key="experiment.delete")


def _go_on(batch: str) -> None:
    go_on(store(), batch)
    ensure_dispatcher()


def _add(batch: str) -> None:
    """As many seeds more as the field says when the button is pressed: the page may not have run again since."""
    count = int(st.session_state["experiment.more"])
    try:
        start(more_seeds(store().find(batch=batch), count), batch)
    except XferError as error:
        st.toast(error_text(error), icon=":material/info:")


def _delete(ids: list[str]) -> None:
    if delete(ids):
        st.session_state.pop("experiment.shown", None)
        st.query_params.pop("experiment", None)


def _failures(runs: list[Run]) -> None:
    failed = [run for run in runs if run.status == FAILED]
    for run in failed[:REASONS]:
        st.error(plain(f"{run.name}: {reason_text(run)}"), icon=":material/error:")
    if len(failed) > REASONS:
        st.caption(_("{count} more failed.").format(count=len(failed) - REASONS))
    if broke := [f"{run.name} ({_('seed')} {run.spec['seed']})" for run in runs if run.broke]:
        text = _("Failed, and left out of the pictures, because the network broke and its result is no number: {runs}.")
        st.error(text.format(runs=", ".join(broke)), icon=":material/error:")
