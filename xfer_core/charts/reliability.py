"""Reliability diagram: confidence of a network against its accuracy."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from xfer_core.charts.axes import style_axes
from xfer_core.charts.palette import BASELINE, SOURCE


def reliability_chart(bins: pd.DataFrame, dark: bool, x_title: str, y_title: str, words: tuple[str, str]) -> go.Figure:
    """A bar per bin: its width is the bin's, its height the accuracy there. On the dashed line the network is perfectly
    calibrated.

    Args:
        bins: from ``calibration``.
        dark: whether the page is dark.
        x_title, y_title: of the axes.
        words: names of the bars and the line.
    """
    figure = go.Figure()
    figure.add_bar(
        x=(bins["low"] + bins["high"]) / 2,
        y=bins["correct"],
        width=bins["high"] - bins["low"],
        marker={"color": SOURCE.pair[dark], "line": {"width": 1, "color": "#12161C" if dark else "#FFFFFF"}},
        customdata=bins[["samples", "confidence"]],
        name=words[0],
        hovertemplate="%{customdata[1]:.0%} → %{y:.0%} (n = %{customdata[0]})<extra></extra>",
    )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name=words[1],
        line={"color": BASELINE.pair[dark], "dash": "dash", "width": 2},
        hoverinfo="skip",
    )
    figure.update_layout(
        height=360,
        margin={"l": 60, "r": 10, "t": 10, "b": 50},
        legend={"orientation": "h", "y": -0.25},
        xaxis={"title": x_title, "range": [0, 1], "tickformat": ".0%"},
        yaxis={"title": y_title, "range": [0, 1], "tickformat": ".0%"},
    )
    return style_axes(figure, dark)
