"""Charts of a λ sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from xfer_core.analysis.measure import Measure
from xfer_core.analysis.sweep import SweepPoint, averaged
from xfer_core.charts.axes import measure_axis, place_axes
from xfer_core.charts.palette import METHODS, chart_text, method_style

SYMBOLS = ("diamond", "square", "triangle-up", "triangle-down", "cross", "x", "star", "pentagon")
AT_END = 1.06  # x position of methods that set λ automatically, beyond the last value of λ


def lambda_chart(
    points: Sequence[SweepPoint], value: tuple[str, str], titles: Mapping[str, str], dark: bool, x_title: str,
    measure: Measure,
) -> go.Figure:  # fmt: skip
    """One measure against λ: every run as a dot, the means as a line; each method that sets λ automatically as a
    horizontal line with a marker at its end.

    Args:
        points: the finished runs, at one label budget.
        value: a key of ``SweepPoint.measured``, and its title.
        titles: kind → title.
        dark: whether the page is dark.
        x_title: which λ it is.
        measure: of its values.
    """
    name, title = value
    here = [point for point in points if name in point.measured]
    figure, joint = go.Figure(), METHODS["joint"]
    constant = [point for point in here if point.value is not None]
    if constant:
        means = averaged(constant)
        figure.add_scatter(
            x=[point.value for point in means],
            y=[point.measured[name] for point in means],
            name=chart_text(titles["joint"]),
            mode="lines+markers",
            marker={"size": 9},
            line={"color": joint.pair[dark], "width": 3},
        )
        figure.add_scatter(
            x=[point.value for point in constant],
            y=[point.measured[name] for point in constant],
            mode="markers",
            marker={"color": joint.pair[dark], "size": 6, "opacity": 0.45},
            hoverinfo="y",
            showlegend=False,
        )
    for i, point in enumerate(averaged([point for point in here if point.value is None])):
        style, level = method_style(point.kind), point.measured[name]
        figure.add_scatter(
            x=[0, 1, AT_END],
            y=[level] * 3,
            name=chart_text(titles[point.kind]),
            mode="lines+markers",
            marker={"symbol": SYMBOLS[i % len(SYMBOLS)], "size": [0, 0, 12]},
            line={"color": style.pair[dark], "dash": style.dash, "width": 1.5},
        )
    place_axes(figure, chart_text(x_title), chart_text(title))
    figure.update_layout(showlegend=True)
    figure.update_xaxes(range=[-0.03, 1.1])
    measure_axis(figure.update_yaxes, measure)
    return figure


def frontier_chart(
    points: Sequence[SweepPoint],
    axes: tuple[tuple[str, str], tuple[str, str]],
    titles: Mapping[str, str],
    dark: bool,
    measures: tuple[Measure, Measure],
) -> go.Figure:
    """Two measures against each other, as means over seeds: constant λ as a line, each method that sets λ automatically
    as a marker.

    Args:
        points: the finished runs, at one label budget.
        axes: (measure, title) for x and y.
        titles: kind → title.
        dark: whether the page is dark.
        measures: of x and y.
    """
    (x, x_title), (y, y_title) = axes
    here = [point for point in averaged(points) if x in point.measured and y in point.measured]
    constant = [point for point in here if point.value is not None]
    figure = go.Figure()
    if constant:
        figure.add_scatter(
            x=[point.measured[x] for point in constant],
            y=[point.measured[y] for point in constant],
            text=[f"λ {point.value:.2f}" for point in constant],
            name=chart_text(titles["joint"]),
            mode="lines+markers+text",
            textposition=[("top center", "bottom center")[i % 2] for i in range(len(constant))],
            line={"color": METHODS["joint"].pair[dark], "width": 2},
        )
    for i, point in enumerate(point for point in here if point.value is None):
        figure.add_scatter(
            x=[point.measured[x]],
            y=[point.measured[y]],
            name=chart_text(titles[point.kind]),
            mode="markers",
            marker={"size": 13, "symbol": SYMBOLS[i % len(SYMBOLS)], "color": method_style(point.kind).pair[dark]},
        )
    place_axes(figure, chart_text(x_title), chart_text(y_title))
    figure.update_layout(showlegend=True)
    figure.update_traces(cliponaxis=False)
    measure_axis(figure.update_xaxes, measures[0], zoomed=True)
    measure_axis(figure.update_yaxes, measures[1], zoomed=True)
    return figure
