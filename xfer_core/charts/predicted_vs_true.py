"""Predicted against true values of a regression."""

from __future__ import annotations

import plotly.graph_objects as go

from xfer_core.charts.axes import style_axes
from xfer_core.charts.palette import BASELINE, TARGET


def predicted_vs_true_chart(
    true: list[float], given: list[float], dark: bool, x_title: str, y_title: str, span: tuple[float, float]
) -> go.Figure:
    """A dot per sample; on the dashed line the prediction is exact.

    Args:
        true, given: the values.
        dark: whether the page is dark.
        x_title, y_title: of the axes.
        span: range of both axes.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=true,
        y=given,
        mode="markers",
        marker={"color": TARGET.pair[dark], "size": 6, "opacity": 0.6},
        hovertemplate="%{x:.1f} → %{y:.1f}<extra></extra>",
    )
    figure.add_scatter(
        x=span, y=span, mode="lines", line={"color": BASELINE.pair[dark], "dash": "dash"}, hoverinfo="skip"
    )
    figure.update_layout(
        height=420,
        margin={"l": 60, "r": 10, "t": 10, "b": 50},
        showlegend=False,
        xaxis={"title": x_title, "range": span},
        yaxis={"title": y_title, "range": span},
    )
    return style_axes(figure, dark)
