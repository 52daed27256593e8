"""Figures of a report: each with its question, alternative text and numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import plotly.graph_objects as go

from xfer_core.analysis.accuracy import unit_words
from xfer_core.charts.curves import Curve, curve_chart
from xfer_core.charts.palette import TOTAL, LineStyle, domain_style
from xfer_core.domains import domain_info
from xfer_core.names import TermName, is_accuracy, is_auc, is_error, lambda_name
from xfer_core.runs.spec import RunSpec, metric_name

Points = Iterable[tuple[str, int, float]]


SUM = replace(TOTAL, dash="dot")


@dataclass(frozen=True)
class Baseline:
    """The curve of a baseline on the first target during training.

    Attributes:
        title: of its method.
        style: its line style.
        points: (step, accuracy or error on validation samples), by step.
    """

    title: str
    style: LineStyle
    points: Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Figure:
    """One chart of the report.

    Attributes:
        question: its title.
        unit: title of the y axis.
        curves: at least one, each with at least one point.
        percent: whether values are fractions.
        log: whether the axis is logarithmic.
    """

    question: str
    unit: str
    curves: list[Curve]
    percent: bool = False
    log: bool = False

    def figure(self, dark: bool = False) -> go.Figure:
        """The chart, for a light page or for a dark one."""
        return curve_chart(self.curves, self.unit, dark, self.percent, self.log)

    def alt(self) -> str:
        """Alternative text: first and last point of each curve."""
        ends = [(curve.title, curve.points[0], curve.points[-1]) for curve in self.curves]
        parts = [
            f"{title}: {self._said(a[1])} at step {a[0]}, {self._said(b[1])} at step {b[0]}" for title, a, b in ends
        ]
        return f"{'; '.join(parts)}."

    def numbers(self, most: int) -> tuple[list[str], list[list[str]]]:
        """Header and rows of a table, a row per step; of long curves only about ``most`` steps, and the last one."""
        steps = sorted({step for curve in self.curves for step, _value in curve.points})
        sampled = steps[:: math.ceil(len(steps) / most)]
        sampled += [] if sampled[-1] == steps[-1] else [steps[-1]]
        columns = [dict(curve.points) for curve in self.curves]
        rows = [[str(step), *(self._said(c[step]) if step in c else "" for c in columns)] for step in sampled]
        return ["step", *(curve.title for curve in self.curves)], rows

    def _said(self, value: float) -> str:
        if not math.isfinite(value):
            return "no finite number"
        return f"{100 * value:.1f} %" if self.percent else f"{value:.4g}"


def figures_of(spec: RunSpec, points: Points, baselines: Sequence[Baseline] = ()) -> list[Figure]:
    """The charts that this run has points for.

    Args:
        spec: of the run.
        points: all its scalars.
        baselines: drawn in the chart of its accuracy or error on the target.
    """
    curves: dict[str, dict[int, float]] = {}
    for name, step, value in points:
        curves.setdefault(name, {})[step] = value
    terms = terms_of(spec)
    # The sum is drawn first, thin and dotted, so that it does not hide its terms.
    losses = {"loss/total": ("all, weighted", SUM)} | {f"loss/{name}": found for name, found in terms.items()}
    lambdas = {lambda_name(name): (f"λ of {title}", look) for name, (title, look) in terms.items()}
    accuracies = _measures(spec, is_accuracy)
    areas = _measures(spec, is_auc, auc=True)
    errors, units = _measures(spec, is_error), unit_words(spec.problem)
    error = f"mean error in {units}" if units else "mean error"
    moving = {name: found for name, found in lambdas.items() if len(set(curves.get(name, {}).values())) > 1}
    chosen = [
        ("How much of the validation samples does it get right?", "accuracy", accuracies, True, False),
        ("How well does it rank the two classes of the validation samples?", "AUC", areas, False, False),
        (
            "How far off is it on the validation samples?",
            error,
            errors,
            False,
            False,
        ),
        ("How do the losses fall?", "loss", losses, False, True),
        ("How did λ move?", "λ", moving, False, False),
    ]
    judged = spec.target_metric().removesuffix("test") + "validation"
    pictures = []
    for question, unit, wanted, percent, log in chosen:
        found = [
            Curve(title, style, sorted(curves[name].items()), 1.5 if style is SUM else 2.5)
            for name, (title, style) in wanted.items()
            if name in curves
        ]
        if found and judged in wanted:
            found += [
                Curve(f"baseline: {base.title}", base.style, base.points, 1.5) for base in baselines if base.points
            ]
        if found:
            pictures.append(Figure(question, unit, found, percent, log))
    return pictures


def terms_of(spec: RunSpec) -> dict[str, tuple[str, LineStyle]]:
    """Loss term → its title, and its line style by the role of its domain."""
    roles, own, used = spec.problem.roles(), type(spec.strategy).term_titles, dict[str, int]()
    found = {}
    for term in spec.strategy.lambdas(spec.problem):
        name = TermName.parse(term)
        role = roles.get(name.domain, "none") if term not in own else "none"
        title = own[term] if term in own else _title(name.domain, name.task, spec.problem.tasks)
        found[term] = (title, domain_style(role, used.get(role, 0)))
        used[role] = used.get(role, 0) + 1
    return found


def _measures(spec: RunSpec, wanted: Callable[[str], bool], auc: bool = False) -> Mapping[str, tuple[str, LineStyle]]:
    found, used = {}, dict[str, int]()
    for key, role in spec.problem.roles().items():
        for task in spec.problem.tasks:
            name = metric_name(spec.problem, key, task, "validation", auc)
            if wanted(name):
                found[name] = (_title(key, task, spec.problem.tasks), domain_style(role, used.get(role, 0)))
                used[role] = used.get(role, 0) + 1
    return found


def _title(domain: str, task: str, tasks: Sequence[str]) -> str:
    return domain_info(domain).card.title + (f" · {task}" if task and len(tasks) > 1 else "")
