"""Exports the results of an experiment as a static figure, in the colours and dashes of the page.

Drawn with Matplotlib: Plotly, used on the page, needs a browser on the server to write a file.
"""

from __future__ import annotations

import io
from statistics import mean
from typing import TYPE_CHECKING, Any

from xfer_core.analysis.comparison import budgets, by_condition
from xfer_core.analysis.sentences import budget_word, ranked
from xfer_core.exports.experiments.results import ExperimentResults

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INCHES = 7.0
DASHES = {"solid": "-", "dash": (0, (6, 3)), "dot": (0, (1.5, 2)), "dashdot": (0, (6, 2, 1.5, 2)),
          "longdash": (0, (10, 3)), "longdashdot": (0, (10, 2, 1.5, 2))}  # fmt: skip
MARKS = ("o", "D", "s", "^", "P", "X", "*", "p")
PLAIN: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "xfer", "text.parse_math": False, "font.size": 10,
         "axes.spines.top": False, "axes.spines.right": False}  # fmt: skip


def static_figure(found: ExperimentResults, form: str) -> bytes:
    """The figure as ``svg`` or ``png``: for one label budget every seed as a dot and the means as horizontal bars, for
    several the means against labels per class. The same runs give the same bytes."""
    import matplotlib as mpl  # takes 0.3 s, only needed for a figure
    from matplotlib.figure import Figure

    several = len(budgets(found.table)) > 1
    height = 4.2 if several else 1.1 + 0.42 * len(found.titles)
    with mpl.rc_context(PLAIN):
        figure = Figure(figsize=(INCHES, height), layout="constrained")
        (_against_labels if several else _by_method)(figure, found)
        written = io.BytesIO()
        figure.savefig(written, format=form, dpi=200, metadata={"Date": None} if form == "svg" else {"Software": None})
        return written.getvalue()


def _by_method(figure: Figure, found: ExperimentResults) -> None:
    order = [one.condition for one in ranked(found.found, found.measure)][::-1]
    axes, conditions = figure.subplots(), by_condition(found.table)
    for place, condition in enumerate(order):
        values, colour = [_scaled(found, row.value) for row in conditions[condition]], found.looks[condition].light
        axes.plot(values, [place] * len(values), "o", color=colour, alpha=0.5, markersize=6, markeredgewidth=0)
        axes.plot([mean(values)] * 2, [place - 0.28, place + 0.28], color=colour, linewidth=3)
    axes.set_yticks(range(len(order)), [found.titles[condition] for condition in order])
    axes.set_xlabel(found.measure.on_target)
    axes.grid(axis="x", alpha=0.3)


def _against_labels(figure: Figure, found: ExperimentResults) -> None:
    axes, order = figure.subplots(), budgets(found.table)
    for number, (name, rows) in enumerate(by_condition(found.table).items()):
        here = [place for place, budget in enumerate(order) if any(row.budget == budget for row in rows)]
        means = [mean(_scaled(found, row.value) for row in rows if row.budget == order[place]) for place in here]
        style = found.looks[name]
        axes.plot(here, means, color=style.light, linestyle=_dash(style.dash), linewidth=2, label=found.titles[name],
                  marker=MARKS[number % len(MARKS)], markersize=6)  # fmt: skip
        axes.plot(
            [order.index(row.budget) for row in rows], [_scaled(found, row.value) for row in rows], "o",
            color=style.light, alpha=0.35, markersize=4, markeredgewidth=0,
        )  # fmt: skip
    axes.set_xticks(range(len(order)), [budget_word(budget).removesuffix(" per class") for budget in order])
    axes.set_xlabel("labels per class in the target")
    axes.set_ylabel(found.measure.on_target)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(frameon=False, fontsize=9, handlelength=3.5)


def _dash(dash: str) -> str | tuple[int, tuple[float, ...]]:
    """Plotly's dash name, or lengths in pixels, in Matplotlib's notation."""
    return DASHES.get(dash) or (0, tuple(float(part.removesuffix("px")) for part in dash.split(",")))


def _scaled(found: ExperimentResults, value: float) -> float:
    return found.measure.scale * value
