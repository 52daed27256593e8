"""Heatmap of the sample weights of a domain."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from xfer_core.charts.palette import chart_text

SCALE = [[0.0, "#0072B2"], [0.5, "#D9DCE1"], [1.0, "#C24E00"]]  # lighter than the mean, the mean, heavier
SPAN = 2.0  # range of the colours: powers of two on either side of the mean
ROW = 22  # pixels


def weight_heatmap(rows: pd.DataFrame, task: str, x_title: str, unit: str) -> go.Figure:
    """λ_{d,i} of one domain: a row per class, its samples in order of decreasing weight, coloured by weight in
    multiples of the domain's mean.

    Args:
        rows: one sample per row, with the columns ``lambda`` and ``task``.
        task: the column with the class.
        x_title: title of the x axis.
        unit: of the colours, multiples of the mean.
    """
    mean = rows["lambda"].mean()
    classes = sorted(rows[task].unique(), key=str)
    sorted_weights = [np.sort(rows.loc[rows[task] == name, "lambda"].to_numpy())[::-1] / mean for name in classes]
    wide = max(map(len, sorted_weights))
    z = np.full((len(classes), wide), np.nan)
    for line, weights in zip(z, sorted_weights, strict=True):
        line[: len(weights)] = weights
    ticks = [2.0**power for power in range(-int(SPAN), int(SPAN) + 1)]
    figure = go.Figure(
        go.Heatmap(
            z=np.log2(np.clip(z, 2.0**-SPAN, 2.0**SPAN)),
            customdata=z,
            y=[chart_text(name) for name in classes],
            zmin=-SPAN,
            zmax=SPAN,
            colorscale=SCALE,
            colorbar={
                "tickvals": [np.log2(tick) for tick in ticks],
                "ticktext": [f"{tick:g}" for tick in ticks],
                "title": unit,
            },
            hovertemplate="%{y}: %{customdata:.2f} " + unit + "<extra></extra>",
        )
    )
    figure.update_layout(
        height=90 + ROW * len(classes),
        margin={"l": 40, "r": 10, "t": 10, "b": 40},
        xaxis={"title": x_title, "showgrid": False},
        yaxis={"type": "category", "autorange": "reversed", "showgrid": False},
    )
    return figure
