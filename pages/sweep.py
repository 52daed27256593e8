"""A λ sweep: what each task gains and loses as one λ grows, and where the automatic balancers land."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.parts.curves import reason_text, term_titles
from pages.parts.domains import domain_title, task_word
from pages.parts.store import store
from pages.parts.sweep_button import BATCH
from pages.parts.text import _, error_text, plain
from xfer_core.analysis.accuracy import metric_text
from xfer_core.analysis.sweep import SweepPoint, sweep_point
from xfer_core.charts.sweep import frontier_chart, sweep_chart
from xfer_core.errors import XferError
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import LIVE, PAUSED, Run
from xfer_core.strategies import TITLES
from xfer_core.strategies.base import task_terms

LOOK_SECONDS = 2


def main() -> None:
    """The page."""
    st.subheader(_("λ sweep"))
    batch = st.query_params.get("sweep") or st.session_state.get("sweep.shown", "")
    runs = sorted(store().find(batch=batch), key=lambda run: run.created) if batch.startswith(BATCH) else []
    if not runs:
        st.info(_("No sweep is chosen. In Train, take Joint learning and press Sweep a λ below the λ mixer."))
        st.page_link("train.py", label=_("To Train"), icon=":material/tune:")
        return
    st.session_state["sweep.shown"] = st.query_params["sweep"] = batch
    live = any(run.status in LIVE for run in runs)
    st.fragment(_pictures, run_every=LOOK_SECONDS if live else None)(batch)


def _pictures(batch: str) -> None:
    """Everything that changes as results come in."""
    runs = sorted(store().find(batch=batch), key=lambda run: (run.created, run.id))
    spec = RunSpec.model_validate(runs[0].spec)
    terms = task_terms(spec.problem, "source", "target")
    term = terms[int(batch.split("-")[1])]
    title = term_titles(spec.strategy, list(terms))[term]
    _progress(runs)
    points = [_point(run, term) for run in runs if run.result]
    if not points:
        st.info(_("The first result appears here in a moment."), icon=":material/hourglass_top:")
        return
    dark, x_title = st.context.theme.type == "dark", f"λ · {title}"
    measures = _measures(points)
    titles = {kind: _(name) for kind, name in TITLES.items()}
    errors = {name: title for name, title in measures.items() if _is_error(name, spec)}
    for unit, chosen, percent in (
        (_("Right answers on the test samples"), {m: t for m, t in measures.items() if m not in errors}, True),
        (_("Mean error on the test samples, in degrees: less is better"), errors, False),
    ):
        if chosen:
            st.markdown(f"**{unit}**")
            figure = sweep_chart(points, chosen, dark, x_title, percent)
            alt = _("{unit} against {term}").format(unit=unit, term=x_title)
            st.plotly_chart(figure, key=f"sweep.{unit}", alt=alt)
    if len(measures) > 1:
        _frontier(points, measures, errors, titles, dark)
    with st.expander(_("The numbers"), icon=":material/table:"):
        st.dataframe(_table(points, measures, spec, titles), hide_index=True)
    st.caption(
        _("One run each, seed {seed}: another seed may give several points more or less.").format(seed=spec.seed)
    )


def _frontier(
    points: list[SweepPoint], measures: dict[str, str], errors: dict[str, str], titles: dict[str, str], dark: bool
) -> None:
    """Two measures against each other, chosen by the reader."""
    st.markdown("**" + _("What one gains, the other may lose: fixed λ as a line, automatic methods as marks") + "**")
    left, right = st.columns(2)
    names = list(measures)
    x = left.selectbox(_("Across"), names, 0, format_func=measures.__getitem__, key="sweep.x")
    y = right.selectbox(_("Up"), names, len(names) - 1, format_func=measures.__getitem__, key="sweep.y")
    words = {name: f"{title} ({_('error')})" if name in errors else title for name, title in measures.items()}
    fractions = (x not in errors, y not in errors)
    figure = frontier_chart(points, ((x, words[x]), (y, words[y])), titles, dark, fractions)
    alt = _("{y} against {x}, a line for fixed λ and a mark for each method").format(x=measures[x], y=measures[y])
    st.plotly_chart(figure, key="sweep.frontier", alt=alt)


def _progress(runs: list[Run]) -> None:
    """How far the sweep is, and a way to stop it."""
    done = [run for run in runs if run.status not in (*LIVE, PAUSED)]
    steps = RunSpec.model_validate(runs[0].spec).training.steps
    parts = [1 if run in done else (run.progress or {}).get("step", 0) / steps for run in runs]
    if len(done) < len(runs):
        sentence = _("{done} of {all} runs are done").format(done=len(done), all=len(runs))
        st.progress(
            min(1.0, sum(max(p, run in done) for p, run in zip(parts, runs, strict=True)) / len(runs)), sentence
        )
        if st.button(_("Stop the runs that are left"), icon=":material/stop:", key="sweep.stop"):
            for run in runs:
                if run.status in (*LIVE, PAUSED):
                    try:
                        store().command(run.id, "stop")
                    except XferError as error:  # it ended meanwhile
                        st.toast(error_text(error), icon=":material/info:")
    for run in done:
        if run.reason or run.broke:
            st.error(plain(f"{run.name}: {reason_text(run)}"), icon=":material/error:")


def _point(run: Run, term: str) -> SweepPoint:
    return sweep_point(run.id, RunSpec.model_validate(run.spec), term, (run.result or {})["metrics"])


def _measures(points: list[SweepPoint]) -> dict[str, str]:
    """``domain/task`` → what a reader calls it."""
    names = dict.fromkeys(name for point in points for name in point.measured)
    return {
        name: f"{domain_title(key)} · {task_word(task)}" for name in names for key, _s, task in [name.partition("/")]
    }


def _is_error(measure: str, spec: RunSpec) -> bool:
    return measure.partition("/")[2] in spec.problem.regressions()


def _table(points: list[SweepPoint], measures: dict[str, str], spec: RunSpec, titles: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "λ": titles[point.kind] if point.value is None else f"{point.value:.3f}",
                **{
                    title: metric_text("error/" if _is_error(name, spec) else "accuracy/", point.measured[name])
                    for name, title in measures.items()
                    if name in point.measured
                },
            }
            for point in points
        ]
    )


main()
