"""Ranks of sources by each measure, and by the measured gain, as lines that cross where the measures disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from xfer_core.charts.axes import style_axes
from xfer_core.charts.palette import CLASSES, OTHERS, TOTAL, chart_text

ROW = 34  # pixels of a rank


def rank_chart(
    orders: Mapping[str, Sequence[str]], titles: Mapping[str, str], dark: bool, rank_title: str, measured: str = ""
) -> go.Figure:
    """A line for each source through its rank in each order, the most promising on top.

    Args:
        orders: title of an order → sources, the best first; a source may be missing in some.
        titles: source → title, in the order of the legend.
        dark: whether the page is dark.
        rank_title: of the axis.
        measured: the order that was measured, which is marked; empty for none yet.
    """
    figure, columns = go.Figure(), list(orders)
    for number, (source, title) in enumerate(titles.items()):
        ranks = [order.index(source) + 1 if source in order else None for order in map(list, orders.values())]
        colour, dash = CLASSES[number % len(CLASSES)][dark], OTHERS[number // len(CLASSES) % len(OTHERS)].dash
        texts = ["" if rank is None else str(rank) for rank in ranks]
        figure.add_scatter(
            x=[chart_text(name) for name in columns],
            y=ranks,
            name=chart_text(title),
            mode="lines+markers+text",
            text=texts,
            textfont={"color": "#000000" if dark else "#FFFFFF", "size": 11},
            line={"color": colour, "width": 3, "dash": dash, "shape": "spline", "smoothing": 0.6},
            marker={"color": colour, "size": 20},
            hovertemplate=chart_text(title) + ", %{x}: %{y}<extra></extra>",
            connectgaps=False,
        )
    _name_ends(figure, orders, titles, dark)
    if measured in columns:
        place = columns.index(measured)
        figure.add_vrect(place - 0.3, place + 0.3, fillcolor=TOTAL.pair[dark], opacity=0.12, line_width=0)
    most = max((len(order) for order in orders.values()), default=1)
    figure.update_layout(
        height=90 + ROW * most, margin={"l": 10, "r": 10, "t": 40, "b": 10}, showlegend=False, hovermode="closest"
    )
    figure.update_xaxes(type="category", side="top", showgrid=False, range=[-1.6, len(columns) + 0.6])
    figure.update_yaxes(title=rank_title, range=[most + 0.6, 0.4], showgrid=False, showticklabels=False, zeroline=False)
    return style_axes(figure, dark)


def _name_ends(figure: go.Figure, orders: Mapping[str, Sequence[str]], titles: Mapping[str, str], dark: bool) -> None:
    """The names of the sources left of the first order and right of the last."""
    columns = list(orders)
    for place, anchor, aside in ((0, "right", -16), (len(columns) - 1, "left", 16)):
        for rank, source in enumerate(orders[columns[place]], 1):
            number = list(titles).index(source)
            figure.add_annotation(
                x=place,
                y=rank,
                xshift=aside,
                xanchor=anchor,
                showarrow=False,
                text=chart_text(titles[source]),
                font={"color": CLASSES[number % len(CLASSES)][dark], "size": 13},
            )
