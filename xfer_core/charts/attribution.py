"""How much each column of a table counts for a network's predictions."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from xfer_core.charts.axes import style_axes
from xfer_core.charts.palette import SOURCE, chart_text

ROW = 24  # pixels
AXIS = 70


def attribution_chart(shares: pd.Series, dark: bool, label: str) -> go.Figure:
    """A bar per column, the largest on top.

    Args:
        shares: by column.
        dark: whether the page is dark.
        label: of the axis.
    """
    ordered = shares.loc[shares.abs().sort_values().index]
    names = [chart_text(str(name)) for name in ordered.index]
    figure = go.Figure(go.Bar(x=ordered.to_numpy(), y=names, orientation="h", marker_color=SOURCE.pair[dark]))
    figure.update_layout(
        height=AXIS + ROW * len(ordered),
        margin={"l": 0, "r": 0, "t": 10, "b": 40},
        xaxis_title=label,
        yaxis={"automargin": True, "dtick": 1},
    )
    return style_axes(figure, dark)
