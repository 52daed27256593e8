"""Charts of a λ sweep: a measure against λ, and the Pareto front of two measures."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.i18n import _
from pages.widgets.chart_runs import term_titles
from pages.widgets.domains import domain_title, task_word
from pages.widgets.measure import measure_word
from xfer_core.analysis.measure import Measure, task_measure
from xfer_core.analysis.sweep import SweepPoint, sweep_points, swept_terms
from xfer_core.charts.sweep import frontier_chart, lambda_chart
from xfer_core.names import TermName
from xfer_core.runs.store import Run
from xfer_core.strategies import TITLES

Picture = tuple[go.Figure, str, pd.DataFrame]


class LambdaPictures:
    """The data of both charts.

    Args:
        runs: the finished runs at one label budget.
        dark: whether the page is dark.
        auc: whether to show the AUCs of tasks with two classes, in place of their accuracies.
    """

    def __init__(self, runs: Sequence[Run], dark: bool, auc: bool = False) -> None:
        specs = [run.typed_spec for run in sorted(runs, key=lambda run: run.created)]
        self.spec, self.dark, self.auc = specs[0], dark, auc
        self.terms = swept_terms(specs)
        self.points = sweep_points(runs, self.terms, auc)
        self.titles = {kind: _(title) for kind, title in TITLES.items()}
        names = dict.fromkeys(name for point in self.points for name in point.measured)
        first = f"{self.spec.problem.target[0]}/{self.spec.problem.tasks[0]}"
        self.measures = {name: self._measure_title(name) for name in sorted(names, key=lambda name: name != first)}

    def _measure_title(self, name: str) -> str:
        term = TermName.parse(name)
        several = len(self.spec.problem.tasks) > 1
        what = measure_word(self._measure(name))
        return f"{domain_title(term.domain)}{f' · {task_word(term.task)}' if several else ''}: {what}"

    def _measure(self, name: str) -> Measure:
        return task_measure(self.spec.problem, TermName.parse(name).task, self.auc)

    def _lambda_title(self) -> str:
        problem = self.spec.problem
        if len(self.terms) == 1 and (
            len(problem.tasks) > 1 or TermName.parse(self.terms[0]).domain not in problem.target
        ):
            return f"λ · {term_titles(self.spec.strategy, self.terms)[self.terms[0]]}"
        return _("λ of the target; the source has the rest")

    def against_lambda(self) -> Picture | None:
        """One measure, chosen by the viewer, against λ: figure, text alternative, data. None without a result."""
        if not self.measures:
            return None
        name = next(iter(self.measures))
        if len(self.measures) > 1:
            name = st.selectbox(
                _("What is measured"), list(self.measures), format_func=self.measures.__getitem__, key="lambda.measure",
                width=420,
            )  # fmt: skip
        title, x_title = self.measures[name], self._lambda_title()
        figure = lambda_chart(self.points, (name, title), self.titles, self.dark, x_title, self._measure(name))
        alt = _("{measure} against {term}: a line for fixed λ, a line across for each method that sets λ itself")
        return figure, alt.format(measure=title, term=x_title), self._data([name])

    def frontier(self) -> Picture | None:
        """Two measures, chosen by the viewer, against each other. None where there is only one."""
        names = list(self.measures)
        if len(names) < 2:
            return None
        left, right = st.columns(2)
        x = left.selectbox(_("Across"), names, 1, format_func=self.measures.__getitem__, key="lambda.across")
        y = right.selectbox(_("Up"), names, 0, format_func=self.measures.__getitem__, key="lambda.up")
        axes = ((x, self.measures[x]), (y, self.measures[y]))
        measures = (self._measure(x), self._measure(y))
        figure = frontier_chart(self.points, axes, self.titles, self.dark, measures)
        alt = _("{y} against {x}: a line for fixed λ, a mark for each method that sets λ itself")
        return figure, alt.format(x=self.measures[x], y=self.measures[y]), self._data([x, y])

    def _data(self, names: Sequence[str]) -> pd.DataFrame:
        return pd.DataFrame([self._row(point, names) for point in self.points])

    def _row(self, point: SweepPoint, names: Sequence[str]) -> dict[str, object]:
        measured = {self.measures[name]: point.measured.get(name) for name in names}
        return {_("Method"): self.titles[point.kind], "λ": point.value, **measured}
