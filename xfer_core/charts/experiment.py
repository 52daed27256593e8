"""Charts of an experiment: each answers one question about its conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

import plotly.graph_objects as go

from xfer_core.analysis.comparison import RunRecord, budgets, by_condition
from xfer_core.analysis.learning_curves import MeanCurve
from xfer_core.analysis.measure import ACCURACY, Measure
from xfer_core.charts.axes import measure_axis, place_axes
from xfer_core.charts.palette import LineStyle, chart_text, neutral_style

MARKS = ("circle", "diamond", "square", "triangle-up", "cross", "x", "star", "pentagon")


@dataclass(frozen=True)
class ChartLabels:
    """Texts of a chart, in the viewer's language.

    Attributes:
        value: the measured quantity, such as "accuracy".
        budget: title of the axis of label budgets.
        labels: a budget as a tick or in a legend, such as "5" or "all".
        measure: of the values.
        zoomed: whether an axis of accuracies or AUCs shows only the range of the values, not 0 to 1.
    """

    value: str
    budget: str
    labels: Callable[[object], str]
    measure: Measure = ACCURACY
    zoomed: bool = False


LineStyles = Mapping[str, LineStyle]
"""Condition → its colour and dash."""


def learning_curves_chart(
    bands: Mapping[str, MeanCurve], titles: Mapping[str, str], dress: LineStyles, dark: bool, words: ChartLabels, x: str
) -> go.Figure:
    """Mean curve of each condition against steps, with a band of one standard deviation over seeds.

    Args:
        bands: condition → curve.
        titles, dress: condition → title, and line style.
        dark: whether the page is dark.
        words: texts of the chart.
        x: title of the axis of steps.
    """
    figure = go.Figure()
    for condition, band in bands.items():
        colour = dress[condition].pair[dark]
        if band.seeds > 1:
            figure.add_scatter(
                x=[*band.steps, *band.steps[::-1]],
                y=[*band.high, *band.low[::-1]],
                fill="toself",
                fillcolor=colour,
                opacity=0.15,
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
                legendgroup=condition,
            )
        figure.add_scatter(
            x=band.steps,
            y=band.mean,
            name=chart_text(titles[condition]),
            mode="lines",
            legendgroup=condition,
            line={"color": colour, "dash": dress[condition].dash, "width": 3},
        )
    return finish(figure, x, words)


def label_efficiency_chart(
    table: Sequence[RunRecord], titles: Mapping[str, str], dress: LineStyles, dark: bool, words: ChartLabels
) -> go.Figure:
    """Mean accuracy against labels per class, one line per condition, every seed as a dot."""
    order = budgets(table)
    places = {budget: place for place, budget in enumerate(order)}
    figure = go.Figure()
    for condition, own in by_condition(table).items():
        colour = dress[condition].pair[dark]
        here = [budget for budget in order if any(row.budget == budget for row in own)]
        means = [mean(row.value for row in own if row.budget == budget) for budget in here]
        figure.add_scatter(
            x=[places[budget] for budget in here],
            y=means,
            name=chart_text(titles[condition]),
            mode="lines+markers",
            legendgroup=condition,
            marker={"size": 9},
            line={"color": colour, "dash": dress[condition].dash, "width": 3},
        )
        seed_dots(figure, [places[row.budget] for row in own], [row.value for row in own], colour, condition, own)
    finish(figure, words.budget, words)
    figure.update_xaxes(tickvals=list(places.values()), ticktext=[words.labels(budget) for budget in order])
    return figure


def final_chart(
    table: Sequence[RunRecord], titles: Mapping[str, str], dress: LineStyles, dark: bool, words: ChartLabels
) -> go.Figure:
    """Every seed of every condition as a dot, its mean as a bar, the best on top; one marker shape per budget."""
    order = budgets(table)
    ranked = sorted(
        by_condition(table).items(),
        key=lambda item: mean(row.value for row in item[1]),
        reverse=not words.measure.is_error,
    )
    names = {name: chart_text(titles[name]) for name, _ in ranked}
    figure = go.Figure()
    for place, budget in enumerate(order):
        offset = (place - (len(order) - 1) / 2) * 0.22
        for line, (name, own) in enumerate(ranked):
            values = [row.value for row in own if row.budget == budget]
            if not values:
                continue
            colour = dress[name].pair[dark]
            legend = {"name": words.labels(budget), "legendgroup": str(budget), "showlegend": line == 0}
            if len(order) == 1:
                legend["showlegend"] = False
            figure.add_scatter(
                x=values,
                y=[line + offset] * len(values),
                mode="markers",
                marker={"color": colour, "size": 9, "symbol": MARKS[place % len(MARKS)], "opacity": 0.55},
                hovertext=[f"{names[name]} · {words.labels(budget)} · seed {row.seed}" for row in own
                           if row.budget == budget],
                hoverinfo="text+x",
                **legend,
            )  # fmt: skip
            figure.add_scatter(
                x=[mean(values)] * 2,
                y=[line + offset - 0.12, line + offset + 0.12],
                mode="lines",
                line={"color": colour, "width": 4},
                hoverinfo="skip",
                showlegend=False,
            )
    finish(figure, chart_text(words.value), words, across=True)
    figure.update_yaxes(tickvals=list(range(len(ranked))), ticktext=[names[name] for name, _ in ranked], title="")
    figure.update_layout(height=max(260, 70 + 46 * len(ranked) * max(1, len(order) * 0.6)))
    return figure


def steps_chart(
    table: Sequence[RunRecord],
    places: Mapping[str, float],
    titles: Mapping[str, str],
    dark: bool,
    words: ChartLabels,
    x: str,
) -> go.Figure:
    """Mean accuracy of ordered conditions, such as more and more frozen stages or a growing λ; a line per budget.

    Args:
        table: finished runs.
        places: condition → position on the x axis.
        titles: condition → tick; empty if the positions are numbers to show.
        dark: whether the page is dark.
        words: texts of the chart.
        x: title of the x axis.
    """
    figure = go.Figure()
    for i, budget in enumerate(budgets(table)):
        own = {name: [row for row in rows if row.budget == budget] for name, rows in by_condition(table).items()}
        own = {name: rows for name, rows in sorted(own.items(), key=lambda item: places[item[0]]) if rows}
        style = neutral_style(i)
        figure.add_scatter(
            x=[places[name] for name in own],
            y=[mean(row.value for row in rows) for rows in own.values()],
            name=words.labels(budget),
            mode="lines+markers",
            legendgroup=str(budget),
            marker={"size": 10},
            line={"color": style.pair[dark], "dash": style.dash, "width": 3},
        )
        flat = [row for rows in own.values() for row in rows]
        seed_dots(
            figure,
            [places[row.condition] for row in flat],
            [row.value for row in flat],
            style.pair[dark],
            str(budget),
            flat,
        )
    finish(figure, x, words)
    if titles:
        present = [name for name in places if any(row.condition == name for row in table)]
        figure.update_xaxes(
            tickvals=[places[name] for name in present], ticktext=[chart_text(titles[name]) for name in present]
        )
    figure.update_layout(showlegend=len(budgets(table)) > 1)
    return figure


def tradeoff_chart(
    table: Sequence[RunRecord],
    points: Mapping[str, tuple[float, float]],
    titles: Mapping[str, str],
    dress: LineStyles,
    dark: bool,
    words: ChartLabels,
    x: str,
    across: Measure | None = None,
) -> go.Figure:
    """Two values of every run against each other: small markers for runs, a large one for the mean of each condition.

    Args:
        table: finished runs.
        points: run → (x, y).
        titles, dress: condition → title, and line style.
        dark: whether the page is dark.
        words: of the y axis.
        x: title of the x axis.
        across: the measure that x is, if it is one.
    """
    figure = go.Figure()
    for i, (condition, rows) in enumerate(by_condition(table).items()):
        here = [points[row.run] for row in rows if row.run in points]
        if not here:
            continue
        colour, mark = dress[condition].pair[dark], MARKS[i % len(MARKS)]
        xs, ys = zip(*here, strict=True)
        seed_dots(figure, list(xs), list(ys), colour, condition, rows, mark)
        figure.add_scatter(
            x=[mean(xs)],
            y=[mean(ys)],
            name=chart_text(titles[condition]),
            legendgroup=condition,
            mode="markers",
            marker={"size": 16, "color": colour, "symbol": mark},
        )
    finish(figure, x, words)
    if across:
        measure_axis(figure.update_xaxes, across, words.zoomed)
    return figure


def targets_chart(
    values: Mapping[str, Mapping[str, Sequence[float]]], titles: Mapping[str, str], dress: LineStyles,
    dark: bool, words: ChartLabels
) -> go.Figure:  # fmt: skip
    """For each target a group of bars, one per condition, with the standard deviation over seeds.

    Args:
        values: condition → target's title → one value per seed.
        titles, dress: condition → title, and line style.
        dark: whether the page is dark.
        words: texts of the chart.
    """
    figure = go.Figure()
    for i, (condition, targets) in enumerate(values.items()):
        figure.add_bar(
            x=[chart_text(title) for title in targets],
            y=[mean(found) for found in targets.values()],
            name=chart_text(titles[condition]),
            error_y={"array": [stdev(found) if len(found) > 1 else 0 for found in targets.values()], "thickness": 1.5},
            marker={"color": dress[condition].pair[dark], "pattern": {"shape": ("", "/", "x", ".", "-", "+")[i % 6]}},
        )
    finish(figure, "", words)
    figure.update_layout(barmode="group")
    return figure


def seed_dots(
    figure: go.Figure,
    x: Sequence[float],
    y: Sequence[float],
    colour: str,
    group: str,
    rows: Sequence[RunRecord],
    mark: str = "circle",
) -> None:
    """Every seed of a line as a small dot."""
    figure.add_scatter(
        x=list(x),
        y=list(y),
        mode="markers",
        marker={"color": colour, "size": 6, "opacity": 0.45, "symbol": mark},
        hovertext=[f"seed {row.seed}" for row in rows],
        hoverinfo="text+y",
        legendgroup=group,
        showlegend=False,
    )


def finish(figure: go.Figure, x: str, words: ChartLabels, across: bool = False) -> go.Figure:
    """Axes, margins and legend; ``across`` if the values are on the x axis."""
    place_axes(figure, x, chart_text(words.value))
    measure_axis(figure.update_xaxes if across else figure.update_yaxes, words.measure, words.zoomed)
    return figure
