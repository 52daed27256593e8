"""Live panel of one run: its status, its curves, and the controls that act on it while it trains."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from pages.components.live_chart.view import live_texts, live_view
from pages.i18n import _, error_text, locale, plain
from pages.widgets.chart_runs import (
    chart_run,
    live_run,
    panel_charts,
    planned_run,
    setting_titles,
    term_styles,
    term_titles,
)
from pages.widgets.loss_weights import weight_sliders
from pages.widgets.measure import choose_auc, lacks_auc
from pages.widgets.phases import phase_titles
from pages.widgets.sample_weights import sample_weights
from pages.widgets.selection_table import selection_table
from pages.widgets.store import store, validated
from xfer_core.analysis.measure import metric_text
from xfer_core.charts.palette import TARGET
from xfer_core.errors import XferError
from xfer_core.execution.dispatcher import ensure_dispatcher
from xfer_core.execution.worker import notes
from xfer_core.experiments.presets import TOGETHER
from xfer_core.names import lambda_name
from xfer_core.runs.baselines import baseline_specs, baseline_title
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import FINISHED, LIVE, PAUSED, RESUMABLE, Run
from xfer_core.selections import RULES

RATES = [float(f"{m}e{e}") for e in range(-5, 0) for m in (1, 2, 3, 5)]  # 3 * 10.0**-5 would not be 0.00003


WEIGHTS_SECONDS = NOTES_SECONDS = 3
WIDE = 140  # pixels: the button beside does not jump when one takes the other's place


def live_panel(run: Run, baselines: list[Run]) -> None:
    """Show a run live: its curves, and its result."""
    auc = not lacks_auc(run) and choose_auc([run.typed_spec], "panel")
    live_view(
        [live_run(run, TARGET, auc=auc), *(live_run(base, TARGET, auc=auc) for base in baselines)],
        panel_charts(chart_run(run), [chart_run(base) for base in baselines], auc),
        texts=live_texts(_, locale(), phase_titles(), setting_titles(run.typed_spec)),
        key="panel",
    )
    if run.result:
        _results(run, baselines, auc)
    _weights(run.id, run.status in LIVE)


def live_notes(run: Run) -> None:
    """Notes about a run while it trains, such as a missing heartbeat."""
    st.fragment(_notes, run_every=NOTES_SECONDS if run.status in LIVE else None)(run.id)


def _notes(run: str) -> None:
    """The notes; checked again every few seconds while the run trains."""
    for note in notes(store(), run):
        icon = ":material/history:" if note.field == "checkpoint" else ":material/warning:"
        st.warning(error_text(note), icon=icon)


def _weights(run: str, live: bool) -> None:
    """Sample weights, read again every few seconds while the run trains."""
    st.fragment(sample_weights, run_every=WEIGHTS_SECONDS if live else None)(run)


def empty_panel(spec: RunSpec, with_baselines: bool) -> None:
    """The panel before a run: its charts exist already, so that the first point need not wait for them."""
    named = valid_baselines(spec) if with_baselines else []
    baselines = [planned_run(base, baseline_title(base, spec)) for base in named]
    texts = live_texts(_, locale(), phase_titles(), setting_titles(spec))
    auc = choose_auc([spec], "panel")
    live_view([], panel_charts(planned_run(spec), baselines, auc), texts=texts, key="panel")


def baselines_of(run: Run) -> list[Run]:
    """Baseline runs of a run; the newest of each kind."""
    spec = run.typed_spec
    found: dict[str, Run] = {}
    for baseline in valid_baselines(spec):
        same = store().find(digest=baseline.digest(), statuses=(*LIVE, PAUSED, FINISHED), limit=1)
        if same and same[0].id != run.id:
            found[baseline.strategy.kind] = same[0]
    return list(found.values())


def valid_baselines(spec: RunSpec) -> list[RunSpec]:
    """Source only and from scratch on the problem of this spec, where they are valid on it."""
    specs = []
    for baseline in reversed(baseline_specs(spec)):
        try:
            validated(baseline)
        except XferError:  # such as no target labels: then there is no such baseline to show
            continue
        specs.append(baseline)
    return specs


def _order(run: str, experiment: str, kind: str) -> None:
    """Send a command to a run and the baselines that were started with it, or say why that is no longer possible."""
    _ask_to_stop(None)
    try:
        store().command(run, kind)
    except XferError as error:
        st.toast(error_text(error), icon=":material/info:")
    whole = store().experiment(experiment)
    for other in store().find(experiment=experiment) if whole and whole.preset == TOGETHER else []:
        if other.id != run:
            with suppress(XferError):  # it has ended, or is so already
                store().command(other.id, kind)
    ensure_dispatcher()


def live_buttons(run: Run) -> None:
    """Buttons to pause, resume and stop, where the run's status allows it; stop asks for confirmation."""
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        live = run.status in LIVE
        if live or run.status in RESUMABLE:
            st.button(
                _("Pause") if live else _("Resume"),
                icon=":material/pause:" if live else ":material/play_arrow:",
                type="secondary" if live else "primary",
                on_click=_order,
                args=(run.id, run.experiment, "pause" if live else "resume"),
                key="pause-or-resume",  # one button: of two, the one that goes pushes the next about until it is gone
                width=WIDE,
            )
        if run.status in (*LIVE, PAUSED):
            st.button(_("Stop…"), icon=":material/stop:", on_click=_ask_to_stop, args=(run.id,), key="ask-to-stop")
    if run.status in (*LIVE, PAUSED) and st.session_state.get("stopping") == run.id:
        _confirm_stop(run)


def _ask_to_stop(run: str | None) -> None:
    """Open the confirmation for this run; None closes it."""
    st.session_state["stopping"] = run


def _confirm_stop(run: Run) -> None:
    """The confirmation is part of the page, where no rerun can close it."""
    with st.container(border=True):
        st.markdown(_("Stop for good? The network is tested and stored as it is now; training cannot go on later."))
        with st.container(horizontal=True):
            st.button(
                _("Stop this run"), type="primary", on_click=_order, args=(run.id, run.experiment, "stop"), key="stop"
            )
            st.button(_("Go on training"), on_click=_ask_to_stop, args=(None,), key="keep-on")


def _set(run: str, name: str, key: str) -> None:
    try:
        store().command(run, "set", name, float(st.session_state[key]))
    except XferError as error:
        st.toast(error_text(error), icon=":material/info:")


def live_settings_panel(run: Run) -> None:
    """Live settings: λ and the learning rate of a run that trains; a change acts at once."""
    spec = run.typed_spec
    progress = run.progress or {}
    lambdas = progress.get("lambdas") or spec.strategy.lambdas(spec.problem)
    with st.expander(_("Live settings: change λ and the learning rate while it trains"), icon=":material/tune:"):
        titles = term_titles(spec.strategy, list(lambdas))
        weight_sliders(
            lambdas, titles, term_styles(spec), f"live.{run.id}", lambda term, key: _set(run.id, lambda_name(term), key)
        )
        rate, key = progress.get("lr") or spec.training.optimizer.lr, f"live.{run.id}.lr"
        st.select_slider(
            _("Learning rate"),
            sorted({*RATES, rate}),
            rate,
            format_func=lambda value: f"{value:g}",
            key=key,
            on_change=_set,
            args=(run.id, "lr", key),
        )


def _results(run: Run, baselines: list[Run], auc: bool) -> None:
    """Details of the result: all tests, seed, selection rule, speed, and whether frozen parameters are unchanged."""
    spec = run.typed_spec
    result = run.result or {}
    with st.expander(_("Exactly: tests, seed, speed"), icon=":material/rule:"):
        with st.container(horizontal=True):
            for each in (run, *baselines):
                name = each.typed_spec.target_metric(auc)
                if name in (metrics := (each.result or {}).get("metrics", {})):
                    value = metric_text(name, metrics[name])
                    st.metric(plain(each.name), value, border=True, help=plain(name), width=190)
        st.caption(
            _(
                "On test samples that no training saw. Seed {seed}, one run each; model selection: {rule}. Trained in "
                "{seconds} s at {speed} samples/s."
            ).format(
                seed=spec.seed,
                rule=_(RULES[spec.training.selection].title),
                seconds=round(result["seconds"], 1),
                speed=f"{result['samples_per_second']:,.0f}",
            )
        )
    if RULES[spec.training.selection].requires == "answers":
        st.warning(_("Oracle: the step was chosen with labels of the tested domain. This is an upper bound."))
    selection_table(run)
    if result["frozen_unchanged"] is False:
        st.error(_("Frozen parameters have changed. That is a bug in Xfer; please report it."))
    elif result["frozen_unchanged"]:
        st.caption(":material/lock: " + _("The frozen parameters are bit-identical to those after the source phase."))
