"""Curves over the steps of a run that has ended. (While it trains, the live view draws them.)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from xfer_core.charts.palette import Look, chart_text


@dataclass(frozen=True)
class Curve:
    """One line.

    Attributes:
        title: what its legend says.
        look: its colour and dash.
        points: (step, value), by step.
    """

    title: str
    look: Look
    points: Sequence[tuple[int, float]]


def curve_chart(curves: Sequence[Curve], y_title: str, dark: bool, percent: bool = False) -> go.Figure:
    """Values against steps.

    Args:
        curves: at least one.
        y_title: what is measured.
        dark: whether the page is dark.
        percent: whether values are fractions of all answers: the axis then goes from 0 to 100 %.
    """
    figure = go.Figure()
    for curve in curves:
        figure.add_scatter(
            x=[step for step, _value in curve.points],
            y=[value for _step, value in curve.points],
            name=chart_text(curve.title),
            mode="lines",
            line={"color": curve.look.pair[dark], "dash": curve.look.dash, "width": 2.5},
        )
    figure.update_layout(
        template="plotly_dark" if dark else "plotly_white",
        height=380,
        margin={"l": 60, "r": 10, "t": 10, "b": 50},
        legend={"orientation": "h", "y": -0.2},
        showlegend=True,
        xaxis_title="steps",
        yaxis_title=y_title,
    )
    if percent:
        figure.update_yaxes(range=[0, 1], tickformat=".0%")
    return figure
