"""Chart of an experiment on the size of the shift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean

import plotly.graph_objects as go

from xfer_core.analysis.comparison import RunRecord, budgets
from xfer_core.analysis.shift import ShiftSweep
from xfer_core.charts.experiment import ChartLabels, finish, seed_dots
from xfer_core.charts.palette import TOTAL, chart_text, method_style

AREA = "rgba(128, 128, 128, 0.18)"
DASHES = ("solid", "dash", "dot", "dashdot")  # one per label budget


def shift_chart(
    table: Sequence[RunRecord],
    shift: ShiftSweep,
    titles: Mapping[str, str],
    distances: Mapping[float, float],
    dark: bool,
    words: ChartLabels,
    distance_title: str,
) -> go.Figure:
    """Mean result against the size of the shift, a line per method, every seed as a dot; the distance between the
    domains in grey on an axis of its own.

    Args:
        table: finished runs.
        shift: the sweep that they make.
        titles: line → title of its method.
        distances: size → distance between the domains.
        dark: whether the page is dark.
        words: texts of the chart.
        distance_title: of the second axis.
    """
    figure, grey = go.Figure(), TOTAL.pair[dark]
    figure.add_scatter(
        x=list(distances),
        y=list(distances.values()),
        name=chart_text(distance_title),
        mode="lines",
        fill="tozeroy",
        fillcolor=AREA,
        line={"color": grey, "width": 1, "dash": "dot"},
        yaxis="y2",
    )
    order = budgets(table)
    for place, budget in enumerate(order):
        for line, title in titles.items():
            own = [row for row in table if (row.budget, shift.lines[row.condition]) == (budget, line)]
            if not own:
                continue
            style = method_style(own[0].kind)
            sizes = sorted({shift.sizes[row.condition] for row in own})
            name = title if len(order) == 1 else f"{title} · {words.labels(budget)}"
            figure.add_scatter(
                x=sizes,
                y=[mean(row.value for row in own if shift.sizes[row.condition] == size) for size in sizes],
                name=chart_text(name),
                mode="lines+markers",
                legendgroup=name,
                marker={"size": 9},
                line={"color": style.pair[dark], "dash": style.dash if not place else DASHES[place % 4], "width": 3},
            )
            places = [shift.sizes[row.condition] for row in own]
            seed_dots(figure, places, [row.value for row in own], style.pair[dark], name, own)
    finish(figure, shift.parameter, words)
    top = 1.05 * max(0.05, *distances.values(), 0)
    figure.update_layout(
        yaxis2={"title": chart_text(distance_title), "overlaying": "y", "side": "right", "range": [0, top],
                "showgrid": False, "tickfont": {"color": grey}, "title_font": {"color": grey}, "automargin": True,
                "tickformat": ".2f"}
    )  # fmt: skip
    return figure
