"""Axis style of all charts."""

from __future__ import annotations

import plotly.graph_objects as go

from xfer_core.charts.palette import TOTAL


def style_axes(figure: go.Figure, dark: bool) -> go.Figure:
    """The figure with axis texts in a readable colour (WCAG AA); the page's theme leaves them grey."""
    font = {"color": TOTAL.pair[dark]}
    figure.update_xaxes(tickfont=font, title_font=font)
    return figure.update_yaxes(tickfont=font, title_font=font)
