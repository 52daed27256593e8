"""Charts of an experiment, one at a time: label efficiency, learning curves, trade-offs, cost; data as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.compare.lambda_charts import LambdaPictures
from pages.i18n import _
from pages.theme import is_dark
from pages.widgets.domains import domain_title, mean_error_title
from pages.widgets.measure import measure_word
from pages.widgets.plain_chart import PLAIN
from pages.widgets.problem import budget_label
from pages.widgets.store import store
from xfer_core.analysis.comparison import RunRecord, budgets, by_condition
from xfer_core.analysis.cost import cost
from xfer_core.analysis.learning_curves import Curve, mean_curves
from xfer_core.analysis.measure import Measure
from xfer_core.analysis.sentences import budget_word
from xfer_core.analysis.shift import ShiftSweep, find_shift, measured_distance
from xfer_core.analysis.sweep import can_sweep
from xfer_core.charts import experiment as charts
from xfer_core.charts.shift import shift_chart
from xfer_core.errors import XferError
from xfer_core.experiments.presets import ALL_PRESETS
from xfer_core.exports.experiments.results import ExperimentResults
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import RunSpec, metric_name
from xfer_core.runs.store import Run
from xfer_core.strategies import CLASSES
from xfer_core.strategies.base import ChoosesFrozen

NUMBERS = "experiment.numbers"
TITLES = {
    "labels": "How much are labels worth?",
    "final": "How good is each, seed by seed?",
    "race": "Who learns fastest?",
    "shift": "How far can knowledge travel?",
    "freeze": "Which layers should be frozen?",
    "lambda": "How does λ change the result?",
    "frontier": "What does one gain and the other lose?",
    "targets": "Which target suffers?",
    "kept": "What is forgotten of the source?",
    "cost": "What does it cost?",
}
TERMS = {
    "labels": "label efficiency: {measure} against labels per class",
    "final": "test results: every seed, and the mean",
    "race": "learning curves: mean and standard deviation over seeds",
    "shift": "domain shift: results against its size, with the measured distance between the domains",
    "freeze": "frozen layers: {measure} against the number of frozen stages",
    "lambda": "loss weights: results against λ",
    "frontier": "Pareto front: two measures against each other",
    "targets": "results per domain",
    "kept": "forgetting: {measure} on the target against {measure} on the source",
    "cost": "compute cost: results against time or updated parameters",
}
"""The field's term for each question, with the word for what is measured, shown beside it above the chart."""


@dataclass(frozen=True)
class ExperimentView:
    """The data of every chart."""

    table: Sequence[RunRecord]
    titles: dict[str, str]
    styles: charts.LineStyles
    spec: RunSpec
    runs: Sequence[Run]
    words: charts.ChartLabels
    dark: bool
    shift: ShiftSweep | None

    def formats(self, *more: str) -> dict[str, str]:
        """The format of each column of a table that holds values of the measure."""
        form = self.words.measure.column_format
        return dict.fromkeys((self.words.value, *more), form) if form else {}

    @property
    def measure(self) -> str:
        """The word for what is measured."""
        return _("error") if self.words.measure.is_error else measure_word(self.words.measure)

    def at_one_budget(self) -> ExperimentView:
        """The same data at one label budget, chosen by the viewer where there are several."""
        order = budgets(self.table)
        if len(order) < 2:
            return self
        budget = st.segmented_control(
            _("Labels per class"), order, default=order[len(order) // 2], required=True,
            format_func=budget_label, key="experiment.budget",
        )  # fmt: skip
        return replace(self, table=[row for row in self.table if row.budget == budget])


def experiment_charts(results: ExperimentResults) -> None:
    """Choose a chart and show it; nothing while every finished network broke."""
    experiment, measure = results.experiment, results.measure
    table = [row for row in results.table if row.finite]  # broken runs are left out of means
    if not table:
        return
    words = charts.ChartLabels(
        _value_title(measure),
        _("labels per class in the target"),
        lambda budget: budget_word(budget, _),
        measure,
        bool(st.session_state.get(f"experiment.zoom.{experiment.id}")),
    )
    shown = ExperimentView(
        table,
        results.titles,
        results.looks,
        results.spec,
        results.done,
        words,
        is_dark(),
        find_shift(table),
    )
    first = ALL_PRESETS[experiment.preset].chart
    # The chart of the preset is offered from the first result on, the others when they have enough data.
    fitting = [name for name in TITLES if name == first or _fits(name, shown)]
    name = st.pills(
        _("Picture"), fitting, default=first, required=True, format_func=lambda name: _(TITLES[name]),
        key=f"experiment.picture.{experiment.id}", wrap=True, label_visibility="collapsed",
    )  # fmt: skip
    st.markdown(f"**{_(TITLES[name])}** — {_(TERMS[name]).format(measure=shown.measure)}")
    DRAW[name](shown)
    if not measure.is_error and name not in ("lambda", "frontier"):
        help = _("Show only the part of the axis where there are values")
        st.toggle(_("Zoom in"), key=f"experiment.zoom.{experiment.id}", help=help)


def _value_title(measure: Measure) -> str:
    if measure.is_error:
        return mean_error_title(measure.unit)
    return _("AUC on the target") if measure.is_auc else _("accuracy on the target")


def _chosen_frozen(table: Sequence[RunRecord]) -> list[RunRecord]:
    """The runs of methods of which a person chooses what is frozen."""
    return [row for row in table if issubclass(CLASSES[row.kind], ChoosesFrozen)]


def _fits(name: str, shown: ExperimentView) -> bool:
    table = shown.table
    conditions = [rows[0] for rows in by_condition(table).values()]
    match name:
        case "labels":
            return len(budgets(table)) > 1
        case "shift":
            return shown.shift is not None
        case "freeze":
            return len({condition.frozen for condition in _chosen_frozen(conditions)}) > 1
        case "lambda" | "frontier":
            return len({condition.share for condition in conditions if can_sweep(CLASSES[condition.kind])}) > 1
        case "targets":
            return any(len(condition.targets) + len(condition.unseen) > 1 for condition in conditions)
        case "kept":
            return any(condition.source_accuracy is not None for condition in conditions)
        case _:
            return True


def _show(figure: go.Figure, key: str, alt: str, data: pd.DataFrame, formats: Mapping[str, str] | None = None) -> None:
    """A chart with its text alternative, and its data as a table, where ``formats`` says how columns are written."""
    st.plotly_chart(figure, key=f"experiment.chart.{key}", alt=alt, config=PLAIN)
    with st.expander(_("The numbers"), icon=":material/table:", on_change="rerun", key=NUMBERS) as folded:
        if folded.open:
            columns = st.column_config
            numbers = {name: columns.NumberColumn(name, format=form) for name, form in (formats or {}).items()}
            link = columns.LinkColumn(_("run"), display_text=r"run=(.*)$")  # opens the page of that run
            st.dataframe(data, hide_index=True, column_config={_("run"): link, **numbers})


def _data(shown: ExperimentView, **more: Callable[[RunRecord], object]) -> pd.DataFrame:
    """One row per run, with further columns."""
    return pd.DataFrame(
        [
            {
                _("method"): shown.titles[row.condition],
                _("labels per class"): str(row.budget),
                _("seed"): row.seed,
                shown.words.value: row.value,
                **{name: read(row) for name, read in more.items()},
                _("run"): f"run?run={row.run}",
            }
            for row in shown.table
        ]
    )


def _labels(shown: ExperimentView) -> None:
    figure = charts.label_efficiency_chart(shown.table, shown.titles, shown.styles, shown.dark, shown.words)
    _show(
        figure,
        "labels",
        _("Labels per class across, {measure} up, a line for each method").format(measure=shown.measure),
        _data(shown),
        shown.formats(),
    )


def _final(shown: ExperimentView) -> None:
    figure = charts.final_chart(shown.table, shown.titles, shown.styles, shown.dark, shown.words)
    _show(
        figure,
        "final",
        _("For each method the result of every seed as a dot and the mean as a bar"),
        _data(shown),
        shown.formats(),
    )


@st.cache_data(show_spinner=False, max_entries=5000)
def _curve(run: str, name: str) -> Curve | None:
    """One curve of a finished run, cached because it no longer changes."""
    return store().curves([run], name).get(run)


def _race(shown: ExperimentView) -> None:
    problem, words = shown.spec.problem, shown.words
    names = {
        metric_name(problem, key, problem.tasks[0], "validation", words.measure.is_auc): _("on {domain}").format(
            domain=domain_title(key)
        )
        for key in (*problem.target, *problem.unseen, *problem.source)
    }
    names["loss/total"] = _("loss while training")
    here, what = shown.at_one_budget(), _("What is drawn")
    name = st.selectbox(what, list(names), format_func=names.__getitem__, key="experiment.race", width=320)
    curves = {row.run: curve for row in here.table if (curve := _curve(row.run, name))}
    over = mean_curves(
        curves, {condition: [row.run for row in rows] for condition, rows in by_condition(here.table).items()}
    )
    if name == "loss/total":
        words = replace(words, value=_("loss"), measure=Measure("error"))
    elif not words.measure.is_error:
        words = replace(words, value=shown.measure)
    figure = charts.learning_curves_chart(over, here.titles, here.styles, here.dark, words, _("step"))
    parts = [
        pd.DataFrame(
            {
                _("method"): here.titles[condition],
                _("step"): band.steps,
                _("mean"): band.mean,
                _("mean − deviation"): band.low,
                _("mean + deviation"): band.high,
                _("seeds"): band.seeds,
            }
        )
        for condition, band in over.items()
    ]
    data = pd.concat(parts) if parts else pd.DataFrame()
    alt = _("{what} against steps: mean and band over seeds for each method").format(what=names[name])
    form = words.measure.column_format
    means = dict.fromkeys((_("mean"), _("mean − deviation"), _("mean + deviation")), form) if form else {}
    _show(figure, "race", alt, data, means)


@st.cache_data(show_spinner=False, max_entries=200)
def _distance(problem: str) -> float | None:
    """The distance of a problem, given as JSON; None if it cannot be measured."""
    try:
        return measured_distance(Problem.model_validate_json(problem))
    except XferError:
        return None


def _shift(shown: ExperimentView) -> None:
    shift = shown.shift
    if shift is None:
        st.info(_("The chart appears when there are results for two sizes of the shift."))
        return
    problems = {shift.sizes[condition]: rows[0].problem for condition, rows in by_condition(shown.table).items()}
    with st.spinner(_("Measuring how far apart the domains are …"), show_time=True):
        measured = {size: _distance(problems[size].model_dump_json()) for size in sorted(problems)}
    distances = {size: distance for size, distance in measured.items() if distance is not None}
    titles = {line: _(method) for line, method in shift.methods.items()}
    title = _("distance between the domains (MMD²)")
    figure = shift_chart(shown.table, shift, titles, distances, shown.dark, shown.words, title)
    data = _data(shown, **{shift.parameter: lambda row: shift.sizes[row.condition],
                           title: lambda row: distances.get(shift.sizes[row.condition])})  # fmt: skip
    alt = _("For each method {measure} against the size of the shift, with the distance between the domains")
    _show(figure, "shift", alt.format(measure=shown.measure), data, shown.formats())
    st.caption(
        _("The distance is about 0 where source and target inputs have the same distribution; it is measured on "
          "training samples alone, and no label is used.")
    )  # fmt: skip


def _freeze(shown: ExperimentView) -> None:
    rows = _chosen_frozen(shown.table)
    places = {condition: float(len(own[0].frozen)) for condition, own in by_condition(rows).items()}
    figure = charts.steps_chart(rows, places, shown.titles, shown.dark, shown.words, _("frozen stages"))
    alt = _("The number of frozen stages across, {measure} up").format(measure=shown.measure)
    _show(figure, "freeze", alt, _data(shown, **{_("frozen"): lambda row: ", ".join(row.frozen)}), shown.formats())


def _pictures_of_lambda(shown: ExperimentView) -> LambdaPictures:
    here = shown.at_one_budget()
    ids = {row.run for row in here.table}
    return LambdaPictures([run for run in here.runs if run.id in ids], here.dark, here.words.measure.is_auc)


def _lambda(shown: ExperimentView) -> None:
    if picture := _pictures_of_lambda(shown).against_lambda():
        figure, alt, data = picture
        _show(figure, "lambda", alt, data)


def _frontier(shown: ExperimentView) -> None:
    if picture := _pictures_of_lambda(shown).frontier():
        figure, alt, data = picture
        _show(figure, "frontier", alt, data)


def _targets(shown: ExperimentView) -> None:
    here = shown.at_one_budget()
    values: dict[str, dict[str, list[float]]] = {}
    for row in here.table:
        for key, value in {**row.targets, **row.unseen}.items():
            title = domain_title(key) + (f" ({_('unseen')})" if key in row.unseen else "")
            values.setdefault(row.condition, {}).setdefault(title, []).append(value)
    figure = charts.targets_chart(values, here.titles, here.styles, here.dark, here.words)
    data = pd.DataFrame(
        [
            {_("method"): here.titles[condition], _("domain"): title, _("seed"): i, here.words.value: value}
            for condition, targets in values.items()
            for title, found in targets.items()
            for i, value in enumerate(found)
        ]
    )
    alt = _(
        "For each target a group of bars, one for each method, with one standard deviation over seeds to either side"
    )
    _show(figure, "targets", alt, data, here.formats())
    st.caption(_("The lines show one standard deviation over seeds to either side, not how well the mean is known."))


def _kept(shown: ExperimentView) -> None:
    here = shown.at_one_budget()
    points = {row.run: (row.source_accuracy, row.value) for row in here.table if row.source_accuracy is not None}
    figure = charts.tradeoff_chart(
        here.table,
        points,
        here.titles,
        here.styles,
        here.dark,
        here.words,
        _("{measure} on the source, afterwards").format(measure=here.measure),
        here.words.measure,
    )
    alt = _("The source across, the target up: {measure} on each").format(measure=here.measure)
    _show(
        figure,
        "kept",
        alt,
        _data(here, **{_("on the source"): lambda row: row.source_accuracy}),
        here.formats(_("on the source")),
    )


def _cost(shown: ExperimentView) -> None:
    here = shown.at_one_budget()
    seconds, parameters = _("seconds of training"), _("parameters updated at last")
    measure = st.segmented_control(
        _("Cost"), [seconds, parameters], default=seconds, required=True, key="experiment.cost"
    )
    if measure == seconds:
        points = {row.run: (row.seconds, row.value) for row in here.table}
    else:
        specs = {run.id: run.typed_spec for run in here.runs}
        points = {row.run: (float(cost(specs[row.run]).updatable), row.value) for row in here.table}
    figure = charts.tradeoff_chart(here.table, points, here.titles, here.styles, here.dark, here.words, measure)
    alt = _("{cost} across, {measure} on the target up").format(cost=measure, measure=here.measure)
    _show(figure, "cost", alt, _data(here, **{measure: lambda row: points[row.run][0]}), here.formats())
    if measure == seconds:
        st.caption(_("Runs that trained at the same time shared the cores: alone each would be quicker."))


DRAW: dict[str, Callable[[ExperimentView], None]] = {
    "labels": _labels,
    "final": _final,
    "race": _race,
    "shift": _shift,
    "freeze": _freeze,
    "lambda": _lambda,
    "frontier": _frontier,
    "targets": _targets,
    "kept": _kept,
    "cost": _cost,
}
