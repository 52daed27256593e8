"""Pictures of a λ sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from xfer_core.analysis.sweep import SweepPoint
from xfer_core.charts.palette import OTHERS, TOTAL, chart_text, other

SYMBOLS = ("diamond", "square", "triangle-up", "triangle-down", "cross", "x", "star", "pentagon")


def sweep_chart(
    points: Sequence[SweepPoint], measures: Mapping[str, str], dark: bool, x_title: str, percent: bool
) -> go.Figure:
    """Each measure against λ.

    Args:
        points: the finished runs.
        measures: which parts of ``SweepPoint.measured`` are drawn → what they are called; all of one unit.
        dark: whether the page is dark.
        x_title: what λ it is.
        percent: whether the measures are fractions.
    """
    figure = go.Figure()
    fixed = sorted((p for p in points if p.value is not None), key=lambda p: p.value or 0)
    for i, (measure, title) in enumerate(measures.items()):
        look, here = other(i), [p for p in fixed if measure in p.measured]
        figure.add_scatter(
            x=[p.value for p in here],
            y=[p.measured[measure] for p in here],
            name=chart_text(title),
            mode="lines+markers",
            line={"color": look.pair[dark], "dash": look.dash, "width": 3},
        )
    _finish(figure, x_title, next(iter(measures.values())) if len(measures) == 1 else "")
    figure.update_xaxes(range=[-0.03, 1.03])
    if percent:
        figure.update_yaxes(tickformat=".0%")
    return figure


def frontier_chart(
    points: Sequence[SweepPoint],
    axes: tuple[tuple[str, str], tuple[str, str]],
    titles: Mapping[str, str],
    dark: bool,
    percent: tuple[bool, bool],
) -> go.Figure:
    """Two measures against each other: the fixed λ as a line, each balancer as a mark of its own.

    Args:
        points: the finished runs.
        axes: (measure, title) for x and y.
        titles: kind → title.
        dark: whether the page is dark.
        percent: whether x and y are fractions.
    """
    (x, x_title), (y, y_title) = axes
    here = [p for p in points if x in p.measured and y in p.measured]
    fixed = sorted((p for p in here if p.value is not None), key=lambda p: p.value or 0)
    figure = go.Figure()
    figure.add_scatter(
        x=[p.measured[x] for p in fixed],
        y=[p.measured[y] for p in fixed],
        text=[f"{p.value:.2f}" for p in fixed],
        name=titles["joint"],
        mode="lines+markers+text",
        textposition="top center",
        line={"color": TOTAL.pair[dark], "width": 2},
    )
    for i, point in enumerate(p for p in here if p.value is None):
        figure.add_scatter(
            x=[point.measured[x]],
            y=[point.measured[y]],
            name=titles[point.kind],
            mode="markers",
            marker={"size": 13, "symbol": SYMBOLS[i % len(SYMBOLS)], "color": OTHERS[i % len(OTHERS)].pair[dark]},
        )
    _finish(figure, x_title, y_title)
    figure.update_traces(cliponaxis=False)
    figure.update_xaxes(tickformat=".0%" if percent[0] else "")
    figure.update_yaxes(tickformat=".0%" if percent[1] else "")
    return figure


def _finish(figure: go.Figure, x_title: str, y_title: str) -> None:
    figure.update_layout(
        height=380,
        margin={"l": 60, "r": 10, "t": 24, "b": 50},
        legend={"orientation": "h", "y": -0.3},
        xaxis_title=chart_text(x_title),
        yaxis_title=chart_text(y_title),
    )
