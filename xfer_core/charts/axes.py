"""Axis style of all charts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go

from xfer_core.analysis.measure import Measure
from xfer_core.charts.palette import TOTAL


def style_axes(figure: go.Figure, dark: bool) -> go.Figure:
    """The figure with axis texts in a readable colour (WCAG AA); the page's theme leaves them grey."""
    font = {"color": TOTAL.pair[dark]}
    figure.update_xaxes(tickfont=font, title_font=font)
    return figure.update_yaxes(tickfont=font, title_font=font)


def place_axes(figure: go.Figure, x: str, y: str) -> None:
    """Titles of both axes, margins, and the legend below, in a chart of an experiment."""
    figure.update_layout(
        height=420,
        margin={"l": 10, "r": 10, "t": 24, "b": 10},
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0},
        xaxis={"title": x, "automargin": True},
        yaxis={"title": y, "automargin": True},
    )


def measure_axis(update: Callable[..., Any], measure: Measure, zoomed: bool = False) -> None:
    """Ticks and range of an axis of values. Accuracies and AUCs are drawn from 0 to 1, unless ``zoomed``, so that the
    axis does not change while results arrive.

    Args:
        update: ``update_xaxes`` or ``update_yaxes`` of a figure.
        measure: of the values.
        zoomed: whether only the range of the values is shown.
    """
    whole = None if zoomed or measure.is_error else [0, 1.02]
    update(tickformat=measure.tick_format, range=whole)
