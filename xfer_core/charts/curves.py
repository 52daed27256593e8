"""Curves over the steps of an ended run. (During training, the live view draws them.)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from xfer_core.charts.palette import LineStyle, chart_text

TICKS = [float(f"{digit}e{power}") for power in range(-8, 9) for digit in (1, 2, 5)]  # of a logarithmic axis


@dataclass(frozen=True)
class Curve:
    """One line.

    Attributes:
        title: in the legend.
        style: its colour and dash.
        points: (step, value), by step.
        width: of the line, in pixels.
    """

    title: str
    style: LineStyle
    points: Sequence[tuple[int, float]]
    width: float = 2.5


def curve_chart(
    curves: Sequence[Curve], y_title: str, dark: bool, percent: bool = False, log: bool = False
) -> go.Figure:
    """Values against steps.

    Args:
        curves: at least one.
        y_title: the measured quantity.
        dark: whether the page is dark.
        percent: whether values are accuracies as fractions: the axis then goes from 0 to 100 %.
        log: whether the axis is logarithmic; values not above 0 are then left out.
    """
    figure = go.Figure()
    for curve in curves:
        figure.add_scatter(
            x=[step for step, _value in curve.points],
            y=[value for _step, value in curve.points],
            name=chart_text(curve.title),
            mode="lines",
            line={"color": curve.style.pair[dark], "dash": curve.style.dash, "width": curve.width},
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
    if log:
        figure.update_yaxes(type="log", tickvals=TICKS, ticktext=[f"{tick:g}" for tick in TICKS])
    if percent:
        figure.update_yaxes(range=[0, 1], tickformat=".0%")
    return figure
