"""What all charts of a page do with their axes."""

from __future__ import annotations

import plotly.graph_objects as go

from xfer_core.charts.palette import TOTAL


def style_axes(figure: go.Figure, dark: bool) -> go.Figure:
    """The figure, the words of its axes in a colour that is read (WCAG AA); the theme of a page leaves them grey."""
    font = {"color": TOTAL.pair[dark]}
    figure.update_xaxes(tickfont=font, title_font=font)
    return figure.update_yaxes(tickfont=font, title_font=font)
