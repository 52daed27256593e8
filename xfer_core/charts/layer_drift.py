"""Charts of layer drift: relative change of each stage's weights (L2), and CKA of its outputs."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from xfer_core.analysis.layer_drift import LayerDrift
from xfer_core.charts.axes import style_axes
from xfer_core.charts.palette import METHOD, SOURCE, LineStyle, text_on

ROW = 44  # pixels per stage


def distance_chart(rows: Sequence[LayerDrift], dark: bool, title: str, farthest: float) -> go.Figure:
    """A bar per stage, in the order of the network: relative L2 change of its weights.

    Args:
        rows: from :func:`xfer_core.analysis.layer_drift.layer_drift`.
        dark: whether the page is dark.
        title: of the axis.
        farthest: the largest value on the axis, so that two runs have the same scale.
    """
    figure = _bars(rows, [row.relative_l2 for row in rows], METHOD, "z.1%", dark)
    return figure.update_xaxes(range=[0, farthest * 1.15 or 1], tickformat=".0%", title_text=title)


def cka_chart(rows: Sequence[LayerDrift], dark: bool, title: str) -> go.Figure:
    """A bar per stage: CKA of its outputs. The axis starts at −0.2, or below the lowest bar: debiased CKA can be
    negative. The arguments are those of :func:`distance_chart`."""
    figure = _bars(rows, [row.cka for row in rows], SOURCE, "z.2f", dark)
    lowest = min([-0.2, *(1.15 * row.cka for row in rows if row.cka is not None)])
    return figure.update_xaxes(range=[lowest, 1.05], title_text=title)


def _bars(rows: Sequence[LayerDrift], values: list[float | None], look: LineStyle, form: str, dark: bool) -> go.Figure:
    colour = look.pair[dark]
    figure = go.Figure()
    figure.add_bar(
        x=values,
        y=[row.stage for row in rows],
        orientation="h",
        marker_color=colour,
        text=["" if value is None else format(value, form).replace("-", "−") for value in values],
        textposition="auto",
        insidetextfont={"color": text_on(colour), "size": 15},
        outsidetextfont={"size": 15},
        hoverinfo="skip",
    )
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_layout(height=80 + ROW * len(rows), margin={"l": 60, "r": 10, "t": 10, "b": 50}, showlegend=False)
    return style_axes(figure, dark)
