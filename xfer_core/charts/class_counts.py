"""Samples of each class, a bar per domain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import plotly.graph_objects as go

from xfer_core.charts.axes import style_axes
from xfer_core.charts.palette import SOURCE, TARGET, TOTAL, UNSEEN, LineStyle, chart_text

MOST = 24  # classes with a bar of their own
STYLES = (SOURCE, TARGET, UNSEEN, TOTAL)


def class_counts_chart(
    counts: Mapping[str, Mapping[str, int]], dark: bool, x_title: str, others: str = "{count} others"
) -> go.Figure:
    """A group of bars per class, the frequent ones first.

    Args:
        counts: title of a domain → class → number of samples.
        dark: whether the page is dark.
        x_title: title of the axis of numbers.
        others: title of the bar that stands for all further classes, with ``{count}`` of them.
    """
    total = Counter[str]()
    for classes in counts.values():
        total.update(classes)
    shown = sorted(total, key=lambda name: (-total[name], name))[:MOST]
    rest = len(total) - len(shown)
    names = [chart_text(name) for name in shown] + ([chart_text(others.format(count=rest))] if rest else [])
    figure = go.Figure()
    for place, (title, classes) in enumerate(counts.items()):
        values = [classes.get(name, 0) for name in shown]
        if rest:
            values.append(sum(classes.values()) - sum(values))
        style: LineStyle = STYLES[place % len(STYLES)]
        figure.add_bar(
            y=names,
            x=values,
            name=chart_text(title),
            orientation="h",
            marker={"color": style.pair[dark], "pattern": {"shape": "/" if place >= len(STYLES) else ""}},
            hovertemplate="%{y}: %{x}<extra>" + chart_text(title) + "</extra>",
        )
    bars = max(1, min(len(counts), 3))
    figure.update_layout(
        barmode="group",
        bargap=0.25,
        height=90 + len(names) * (12 + 9 * bars),
        margin={"l": 10, "r": 10, "t": 10, "b": 40},
        showlegend=len(counts) > 1,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
    )
    figure.update_xaxes(title=x_title, rangemode="tozero")
    figure.update_yaxes(type="category", autorange="reversed", automargin=True, showgrid=False)
    return style_axes(figure, dark)
