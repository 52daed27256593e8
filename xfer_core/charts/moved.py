"""How far each stage of a network moved, and how alike it still sees."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from xfer_core.analysis.moved import Moved
from xfer_core.charts.palette import METHOD, SOURCE

ROW = 34  # pixels a stage


def moved_chart(rows: Sequence[Moved], dark: bool, titles: tuple[str, str], farthest: float) -> go.Figure:
    """Two rows of bars over one another, a bar a stage, in the order of the network.

    Args:
        rows: from ``moved``.
        dark: whether the page is dark.
        titles: of the upper picture (distance) and of the lower (likeness).
        farthest: the largest distance on the axis, so that two runs can be drawn alike.

    The axis of likeness ends at −0.2, or below the lowest bar: debiased CKA may be negative.
    """
    names = [row.stage for row in rows]
    figure = make_subplots(rows=2, cols=1, subplot_titles=titles, vertical_spacing=0.26)
    for place, values, look, form in (
        (1, [row.distance for row in rows], METHOD, "z.1%"),
        (2, [row.alike for row in rows], SOURCE, "z.2f"),
    ):
        figure.add_bar(
            x=values,
            y=names,
            orientation="h",
            marker_color=look.pair[dark],
            text=["" if value is None else format(value, form).replace("-", "−") for value in values],
            textposition="auto",
            hoverinfo="skip",
            row=place,
            col=1,
        )
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(range=[0, farthest * 1.15 or 1], tickformat=".0%", row=1, col=1)
    lowest = min([-0.2, *(1.15 * row.alike for row in rows if row.alike is not None)])
    figure.update_xaxes(range=[lowest, 1.05], row=2, col=1)
    figure.update_layout(
        height=170 + 2 * ROW * len(rows), margin={"l": 60, "r": 10, "t": 34, "b": 30}, showlegend=False
    )
    return figure
