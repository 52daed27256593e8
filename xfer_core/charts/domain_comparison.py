"""Charts of two domains side by side: frequencies of classes, gaps of classes, statistics of inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from xfer_core.charts.axes import style_axes
from xfer_core.charts.palette import BASELINE, METHOD, SOURCE, TARGET, TOTAL, chart_text

BAR = 26  # pixels of a class or statistic
LINE = 17  # pixels of a line of text
SMALL, LARGE = 0.2, 0.8  # Cohen's words for a difference of means


def frequency_chart(
    frequencies: np.ndarray, classes: Sequence[str], titles: tuple[str, str], dark: bool, axis: str
) -> go.Figure:
    """The frequency of each class in both domains, as bars side by side.

    Args:
        frequencies: (2, C), fractions.
        classes: C names.
        titles: of both domains.
        dark: whether the page is dark.
        axis: title of the axis of frequencies.
    """
    figure = go.Figure()
    for values, title, style, pattern in zip(frequencies, titles, (SOURCE, TARGET), ("", "/"), strict=True):
        figure.add_bar(
            x=[chart_text(name) for name in classes],
            y=values,
            name=chart_text(title),
            marker={"color": style.pair[dark], "pattern": {"shape": pattern, "solidity": 0.25}},
            hovertemplate="%{x}: %{y:.1%}<extra>" + chart_text(title) + "</extra>",
        )
    _lay_out(figure, 300)
    figure.update_layout(barmode="group", bargap=0.25, bargroupgap=0.05)
    figure.update_xaxes(type="category")
    figure.update_yaxes(title=axis, tickformat=".0%", rangemode="tozero")
    return style_axes(figure, dark)


def gap_chart(gaps: Mapping[str, float], dark: bool, axis: str) -> go.Figure:
    """The distance of the class means of both domains, a bar per class; a line at one spread of a class.

    Args:
        gaps: class → distance in units of the spread of a class.
        dark: whether the page is dark.
        axis: title of the distances.
    """
    figure = go.Figure(
        go.Bar(
            x=[chart_text(name) for name in gaps],
            y=list(gaps.values()),
            marker={"color": METHOD.pair[dark]},
            hovertemplate="%{x}: %{y:.2f}<extra></extra>",
        )
    )
    grey = TOTAL.pair[dark]
    figure.add_hline(1, line={"color": grey, "dash": "dot", "width": 2})
    _lay_out(figure, 300)
    figure.update_layout(showlegend=False, bargap=0.35)
    figure.update_xaxes(type="category")
    figure.update_yaxes(title=axis, rangemode="tozero")
    return style_axes(figure, dark)


def statistics_chart(
    differences: Mapping[str, float], titles: tuple[str, str], dark: bool, axis: str, more: str
) -> go.Figure:
    """Difference of means in pooled standard deviations: a dot per statistic, to the right if the second domain has
    more; what is within a small difference lies in the grey band.

    Args:
        differences: statistic → Cohen's d.
        titles: of both domains.
        dark: whether the page is dark.
        axis: title of the differences; ``<br>`` starts a line.
        more: words such as "more in {domain}".
    """
    names, values = list(differences)[::-1], list(differences.values())[::-1]
    shown = np.clip(values, -5, 5)
    colours = [TARGET.pair[dark] if value > 0 else SOURCE.pair[dark] for value in values]
    figure = go.Figure()
    figure.add_vrect(-SMALL, SMALL, fillcolor=BASELINE.pair[dark], opacity=0.18, line_width=0)
    for name, value, colour in zip(names, shown, colours, strict=True):
        figure.add_scatter(x=[0, value], y=[chart_text(name)] * 2, mode="lines", line={"color": colour, "width": 3},
                           hoverinfo="skip", showlegend=False)  # fmt: skip
    figure.add_scatter(
        x=shown,
        y=[chart_text(name) for name in names],
        mode="markers",
        marker={"color": colours, "size": 12, "symbol": ["diamond" if value > 0 else "circle" for value in values]},
        customdata=values,
        hovertemplate="%{y}: %{customdata:+.2f}<extra></extra>",
        showlegend=False,
    )
    _lay_out(figure, 130 + LINE + BAR * len(names))
    reach = max(1.2, 1.1 * float(np.abs(shown).max(initial=0)))
    for x, line, anchor, title, style in ((0, 1, "left", titles[0], SOURCE), (1, 0, "right", titles[1], TARGET)):
        figure.add_annotation(x=x, y=1, xref="paper", yref="paper", yanchor="bottom", xanchor=anchor, showarrow=False,
                              yshift=LINE * line, text=chart_text(more.format(domain=title)),
                              font={"color": style.pair[dark]})  # fmt: skip
    figure.update_layout(margin={"t": 34 + LINE})
    figure.update_xaxes(title=axis, range=[-reach, reach], zeroline=True, zerolinecolor=TOTAL.pair[dark])
    figure.update_yaxes(type="category", automargin=True)
    return style_axes(figure, dark)


def _lay_out(figure: go.Figure, height: int) -> None:
    figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": 24, "b": 10},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
