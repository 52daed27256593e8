"""How weights are spread over samples."""

from __future__ import annotations

import plotly.graph_objects as go
from pandas import Series

from xfer_core.charts.palette import SOURCE


def weight_histogram(weights: Series, title: str, x_title: str, y_title: str) -> go.Figure:
    """A histogram of λ_{d,i} of one domain."""
    figure = go.Figure(go.Histogram(x=weights, nbinsx=40, marker_color=SOURCE.light))
    figure.update_layout(
        title=title, xaxis_title=x_title, yaxis_title=y_title, height=260, margin={"l": 60, "r": 10, "t": 40, "b": 40}
    )
    return figure
