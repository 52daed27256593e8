"""Features in two dimensions: a dot a sample, coloured by class, shaped by domain; a slider through the moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from xfer_core.charts.palette import BASELINE, OTHERS, TOTAL, chart_text
from xfer_core.domains.problem import Role

CLASSES = (*(look.pair for look in OTHERS), ("#6A51C7", "#A99BF5"), ("#B3261E", "#FF8A80"), ("#4E7A00", "#A5D64C"),
           ("#007C89", "#4DD0E1"))  # fmt: skip
SYMBOLS: dict[Role, tuple[str, ...]] = {
    "source": ("circle-open", "square-open", "hexagon-open"),
    "target": ("diamond", "square", "hexagram"),
    "unseen": ("cross", "x", "star"),
}
NAMED = 12  # classes that still leave room for a legend
MARGIN = 0.06
GLIDE = 350  # ms from one moment to the next

Range = tuple[float, float]


def common_range(tables: Sequence[pd.DataFrame]) -> tuple[Range, Range]:
    """Axes that hold every point of every moment, for x and y."""
    found = []
    for axis in ("x", "y"):
        values = np.concatenate([table[axis].to_numpy() for table in tables])
        low, high = float(values.min()), float(values.max())
        rim = MARGIN * (high - low or 1)
        found.append((low - rim, high + rim))
    return found[0], found[1]


def embedding_chart(
    points: pd.DataFrame,
    roles: Mapping[str, Role],
    titles: Mapping[str, str],
    moments: Sequence[str],
    dark: bool,
    ranges: tuple[Range, Range],
    classes: Sequence[str] = (),
    value_title: str = "",
) -> go.Figure:
    """Every sample as it lies at the last moment; with several moments a slider that lets the points glide.

    Args:
        points: one row for every moment and sample, with ``moment``, ``domain``, ``label``, ``x`` and ``y``.
        roles: domain → role: its shape.
        titles: domain → what it is called.
        moments: what each moment is called.
        dark: whether the page is dark.
        ranges: of x and y.
        classes: all class names, so that each keeps its colour; none where labels are numbers.
        value_title: what those numbers are.
    """
    groups = _groups(points, roles, titles, dark, classes)
    by_moment = [part for _, part in points.groupby("moment")]
    figure = go.Figure(_traces(by_moment[-1], groups))
    if len(moments) > 1:
        figure.frames = [go.Frame(data=_places(part, groups), name=str(i)) for i, part in enumerate(by_moment)]
        figure.update_layout(sliders=[_slider(moments, dark)])
    if classes:
        figure.add_traces(_shapes(groups, titles, dark))  # after what the frames move
    if not classes:
        figure.update_layout(coloraxis={"colorscale": "Cividis", "colorbar": {"title": chart_text(value_title)}})
    bare = {"showticklabels": False, "zeroline": False, "showgrid": False}
    figure.update_layout(
        height=560 if len(moments) > 1 else 480,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "itemsizing": "constant"},
        xaxis={"range": ranges[0], **bare},
        yaxis={"range": ranges[1], **bare},
    )
    return figure


def _groups(points: pd.DataFrame, roles: Mapping[str, Role], titles: Mapping[str, str], dark: bool,
            classes: Sequence[str]) -> list[tuple[str, str | None, dict]]:  # fmt: skip
    """What is drawn as one: (domain, class, how), and the classes' names, of no domain."""
    groups, used = [], {"source": 0, "target": 0, "unseen": 0}
    present = set(points["label"])
    shown = [(i, name) for i, name in enumerate(classes) if name in present]
    for number, key in enumerate(dict.fromkeys(points["domain"])):
        role = roles[key]
        symbol = SYMBOLS[role][used[role] % len(SYMBOLS[role])]
        used[role] += 1
        if not classes:
            marker = {"symbol": symbol, "size": 8, "coloraxis": "coloraxis"}
            groups.append((key, None, {"mode": "markers", "marker": marker, "name": chart_text(titles[key])}))
        for i, name in shown:
            marker = {"symbol": symbol, "size": 8, "opacity": 0.75, "color": CLASSES[i % len(CLASSES)][dark]}
            more = {"showlegend": number == 0 and len(shown) <= NAMED, "legendgroup": name, "name": chart_text(name)}
            more["hovertemplate"] = f"{chart_text(name)} · {chart_text(titles[key])}<extra></extra>"
            groups.append((key, name, {"mode": "markers", "marker": marker, **more}))
    for i, name in shown:
        font = {"size": 17, "color": CLASSES[i % len(CLASSES)][dark], "weight": 700, "shadow": "auto"}
        more = {"legendgroup": name, "showlegend": False, "hoverinfo": "skip"}
        groups.append(("", name, {"mode": "text", "textfont": font, "text": [chart_text(name)], **more}))
    return groups


def _places(points: pd.DataFrame, groups: list) -> list[go.Scatter]:
    """Where each group lies: its points; of a class's name, the middle of the class."""
    x, y, domains, labels = (points[column].to_numpy() for column in ("x", "y", "domain", "label"))
    found = []
    for domain, name, _ in groups:
        here = np.ones(len(points), dtype=bool)
        if name is not None:
            here &= labels == name
        if domain:
            here &= domains == domain
            found.append(go.Scatter(x=x[here], y=y[here]))
        else:
            found.append(go.Scatter(x=[np.median(x[here])], y=[np.median(y[here])]))
    return found


def _traces(points: pd.DataFrame, groups: list) -> list[go.Scatter]:
    traces = _places(points, groups)
    for trace, (domain, name, how) in zip(traces, groups, strict=True):
        trace.update(how)
        if name is None:
            trace.update(marker_color=points["label"].to_numpy()[points["domain"] == domain])
    return traces


def _shapes(groups: list, titles: Mapping[str, str], dark: bool) -> list[go.Scatter]:
    """For the legend alone: what shape each domain has."""
    symbols = {domain: how["marker"]["symbol"] for domain, _, how in groups if domain}
    return [
        go.Scatter(
            x=[None],
            y=[None],
            mode="markers",
            marker={"symbol": symbol, "size": 9, "color": TOTAL.pair[dark]},
            name=chart_text(titles[domain]),
            legendrank=1,
        )
        for domain, symbol in symbols.items()
    ]


def _slider(moments: Sequence[str], dark: bool) -> dict:
    glide = {"mode": "immediate", "frame": {"duration": GLIDE, "redraw": False}, "transition": {"duration": GLIDE}}
    return {
        "active": len(moments) - 1,
        "steps": [
            {"method": "animate", "args": [[str(i)], glide], "label": label, "value": str(i)}
            for i, label in enumerate(moments)
        ],
        "currentvalue": {"prefix": "", "xanchor": "left", "font": {"size": 15}},
        "pad": {"t": 10},
        "x": 0.04,
        "len": 0.9,  # room for the outermost labels
        "bgcolor": BASELINE.pair[dark],
        "activebgcolor": TOTAL.pair[dark],
        "ticklen": 4,
    }
