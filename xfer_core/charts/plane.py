"""Samples of two numbers as points in the plane, their classes told apart by colour and by mark."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from xfer_core.charts.axes import style_axes
from xfer_core.charts.palette import CLASSES, chart_text

MARKS = ("circle", "cross", "square-open", "triangle-up", "x", "diamond-open", "star", "circle-open", "pentagon")
"""One fewer than colours, so that ninety classes have each their own pair."""
RIM = 0.06  # of the range, around the points


def plane_chart(
    points: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    titles: tuple[str, str],
    dark: bool,
    around: np.ndarray | None = None,
    is_turned: bool = False,
    value_title: str = "",
) -> go.Figure:
    """A mark per sample, and a legend of the classes; of a regression a scale of the values.

    Args:
        points: (N, 2); a sample with NaN is left out.
        labels: (N,), class indices or values.
        classes: all names, so that each keeps its colour and mark; none for a regression.
        titles: of both axes.
        dark: whether the page is dark.
        around: (M, 2), further points that the axes have room for, so that a shift of the samples is seen.
        is_turned: whether both axes have one scale, so that a rotation keeps its form.
        value_title: title of a regression's values.
    """
    figure = go.Figure()
    for place, name in enumerate(classes):
        here = labels == place
        if here.any():
            marker = {"symbol": MARKS[place % len(MARKS)], "color": CLASSES[place % len(CLASSES)][dark], "size": 7}
            figure.add_scatter(
                x=points[here, 0],
                y=points[here, 1],
                mode="markers",
                marker={**marker, "opacity": 0.75},
                name=chart_text(name),
                hovertemplate="%{x:.3g}, %{y:.3g}<extra>" + chart_text(name) + "</extra>",
            )
    if not classes:
        bar = {"title": chart_text(value_title)}
        figure.add_scatter(
            x=points[:, 0],
            y=points[:, 1],
            mode="markers",
            marker={"color": labels, "colorscale": "Cividis", "colorbar": bar, "size": 7},
            hovertemplate="%{x:.3g}, %{y:.3g}: %{marker.color:.3g}<extra></extra>",
        )
    figure.update_layout(
        height=440,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        showlegend=bool(classes),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "itemsizing": "constant"},
        xaxis={"title": chart_text(titles[0]), "automargin": True},
        yaxis={"title": chart_text(titles[1]), "automargin": True},
    )
    every = np.concatenate([points, points if around is None else around])
    for update, values in ((figure.update_xaxes, every[:, 0]), (figure.update_yaxes, every[:, 1])):
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        rim = RIM * (high - low or 1)
        update(range=[low - rim, high + rim])
    if is_turned:
        figure.update_yaxes(scaleanchor="x")
    return style_axes(figure, dark)
