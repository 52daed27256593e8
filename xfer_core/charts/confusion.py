"""Confusion matrix: correct predictions in one colour, errors in another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from xfer_core.charts.axes import style_axes
from xfer_core.charts.palette import SOURCE, TARGET, LineStyle, between, chart_text, text_on

NUMBERED = 20  # classes, at most, with room for a number in each cell
DEEPEST = 0.5  # fraction of a class at which an error's colour is full


def confusion_chart(counts: pd.DataFrame, dark: bool, x_title: str, y_title: str) -> go.Figure:
    """Number of samples per true and predicted class.

    Colours show fractions of the row, so that rare classes are as visible as frequent ones.

    Args:
        counts: a row per true class, a column per predicted class, both in the same order.
        dark: whether the page is dark.
        x_title, y_title: titles of columns and rows.
    """
    numbers = counts.to_numpy()
    shares = numbers / np.maximum(numbers.sum(1, keepdims=True), 1)
    names, own = [chart_text(name) for name in counts.index], np.eye(len(counts), dtype=bool)
    figure = go.Figure()
    for cells, style, most in ((own, SOURCE, 1.0), (~own, TARGET, DEEPEST)):
        figure.add_heatmap(
            z=np.where(cells, shares, np.nan),
            x=names,
            y=names,
            customdata=numbers,
            zmin=0,
            zmax=most,
            colorscale=_from_page(style, dark),
            showscale=False,
            hoverongaps=False,
            xgap=1,
            ygap=1,
            hovertemplate="%{y} → %{x}: %{customdata} (%{z:.0%})<extra></extra>",
        )
    if len(names) <= NUMBERED:
        figure.add_scatter(**_labels(names, numbers, shares, dark))
    side = 44 if len(names) <= NUMBERED else 12  # pixels per row
    figure.update_layout(height=90 + side * len(names), margin={"l": 50, "r": 10, "t": 10, "b": 50})
    figure.update_xaxes(title=x_title, type="category", showgrid=False, constrain="domain")
    figure.update_yaxes(title=y_title, type="category", showgrid=False, autorange="reversed")
    return style_axes(figure, dark)


def _labels(names: list[str], numbers: np.ndarray, shares: np.ndarray, dark: bool) -> dict:
    """The number in each non-empty cell, black or white depending on its colour."""
    rows, columns = np.nonzero(numbers)
    colours = []
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        style, most = (SOURCE, 1.0) if row == column else (TARGET, DEEPEST)
        (_, low), (_, high) = _from_page(style, dark)
        colours.append(text_on(between(low, high, shares[row, column] / most)))
    return {
        "x": [names[column] for column in columns],
        "y": [names[row] for row in rows],
        "text": numbers[rows, columns].astype(str).tolist(),
        "mode": "text",
        "textfont": {"color": colours, "size": 15},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _from_page(look: LineStyle, dark: bool) -> list[tuple[float, str]]:
    """Colour scale from almost the page's background to the role's colour."""
    return [(0.0, "#1C222B" if dark else "#F3F4F6"), (1.0, look.pair[dark])]
