"""Features in two dimensions: a dot per sample, coloured by class, shaped by domain; a slider over the snapshots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from xfer_core.charts.palette import (
    BASELINE,
    CLASSES,
    OTHERS,
    SOURCE,
    TARGET,
    TOTAL,
    UNSEEN,
    chart_text,
    domain_style,
)
from xfer_core.problems.problem import Role

FURTHER = tuple(look for look in OTHERS if look.light not in {SOURCE.light, TARGET.light, UNSEEN.light})
"""Line styles of further domains of the same role."""
SYMBOLS: dict[Role, tuple[str, ...]] = {
    "source": ("circle-open", "square-open", "hexagon-open"),
    "target": ("diamond", "square", "hexagram"),
    "unseen": ("cross", "x", "star"),
}
NAMED = 12  # classes, at most, with room for a legend
MARGIN = 0.06
GLIDE = 350  # ms from one snapshot to the next
REST = 450  # ms at each while it plays

Range = tuple[float, float]


def common_range(tables: Sequence[pd.DataFrame]) -> tuple[Range, Range]:
    """Axis ranges that contain every point of every snapshot, for x and y."""
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
    by_domain: bool = False,
) -> go.Figure:
    """Every sample at the last snapshot; with several snapshots a slider that animates the points.

    Args:
        points: one row for every snapshot and sample, with ``moment``, ``domain``, ``label``, ``x`` and ``y``.
        roles: domain → role: decides the marker's shape.
        titles: domain → title.
        moments: title of each snapshot.
        dark: whether the page is dark.
        ranges: of x and y.
        classes: all class names, so that each keeps its colour; empty for a regression.
        value_title: title of a regression's values.
        by_domain: whether colours show the domain, and not the class or the value.
    """
    groups = _groups(points, roles, titles, dark, classes, by_domain)
    by_moment = [part for _, part in points.groupby("moment")]
    figure = go.Figure(_traces(by_moment[-1], groups))
    if len(moments) > 1:
        figure.frames = [go.Frame(data=_places(part, groups), name=str(i)) for i, part in enumerate(by_moment)]
        figure.update_layout(sliders=[_slider(moments, dark)], updatemenus=[_play(dark)])
    if classes:
        figure.add_traces(_legend(groups, titles, dark, by_domain))  # after the animated traces
    if not classes and not by_domain:
        figure.update_layout(coloraxis={"colorscale": "Cividis", "colorbar": {"title": chart_text(value_title)}})
    bare = {"showticklabels": False, "zeroline": False, "showgrid": False}
    figure.update_layout(
        height=620 if len(moments) > 1 else 480,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "itemsizing": "constant"},
        xaxis={"range": ranges[0], **bare},
        yaxis={"range": ranges[1], **bare},
    )
    return figure


def _groups(points: pd.DataFrame, roles: Mapping[str, Role], titles: Mapping[str, str], dark: bool,
            classes: Sequence[str], by_domain: bool) -> list[tuple[str, str | None, dict]]:  # fmt: skip
    """The traces: (domain, class, style), and the classes' names, without a domain."""
    groups, used = [], {"source": 0, "target": 0, "unseen": 0}
    present = set(points["label"])
    shown = [(i, name) for i, name in enumerate(classes) if name in present]
    for number, key in enumerate(dict.fromkeys(points["domain"])):
        role = roles[key]
        own = (FURTHER[number % len(FURTHER)] if used[role] else domain_style(role)).pair[dark]
        symbol = SYMBOLS[role][used[role] % len(SYMBOLS[role])]
        used[role] += 1
        if not classes:
            marker = {"symbol": symbol, "size": 8, **({"color": own} if by_domain else {"coloraxis": "coloraxis"})}
            groups.append((key, None, {"mode": "markers", "marker": marker, "name": chart_text(titles[key])}))
        for i, name in shown:
            colour = own if by_domain else CLASSES[i % len(CLASSES)][dark]
            marker = {"symbol": symbol, "size": 8, "opacity": 0.8, "color": colour}
            more = {"showlegend": False, "legendgroup": key if by_domain else name, "name": chart_text(name)}
            more["hovertemplate"] = f"{chart_text(name)} · {chart_text(titles[key])}<extra></extra>"
            groups.append((key, name, {"mode": "markers", "marker": marker, **more}))
    for i, name in shown:
        colour = TOTAL.pair[dark] if by_domain else CLASSES[i % len(CLASSES)][dark]
        font = {"size": 18, "color": colour, "weight": 700, "shadow": "auto"}
        more = {"legendgroup": name, "showlegend": False, "hoverinfo": "skip"}
        groups.append(("", name, {"mode": "text", "textfont": font, "text": [chart_text(name)], **more}))
    return groups


def _places(points: pd.DataFrame, groups: list) -> list[go.Scatter]:
    """Positions of each trace: its points; for a class's name, the centre of the class."""
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
        if name is None and "coloraxis" in how["marker"]:
            trace.update(marker_color=points["label"].to_numpy()[points["domain"] == domain])
    return traces


def _legend(groups: list, titles: Mapping[str, str], dark: bool, by_domain: bool) -> list[go.Scatter]:
    """Legend of shapes and colours; a click on a coloured class or domain hides it."""
    domains = {domain: how["marker"] for domain, _, how in groups if domain}
    entries = [
        _entry(
            titles[key],
            {"symbol": marker["symbol"], "color": marker["color"] if by_domain else TOTAL.pair[dark]},
            key if by_domain else f"shape {key}",
        )
        for key, marker in domains.items()
    ]
    colours = {name: how["marker"]["color"] for domain, name, how in groups if domain}
    if not by_domain and len(colours) <= NAMED:
        entries += [_entry(name, {"symbol": "circle", "color": colour}, name) for name, colour in colours.items()]
    return entries


def _entry(title: str, marker: dict, group: str) -> go.Scatter:
    """A trace that appears only in the legend."""
    return go.Scatter(
        x=[None], y=[None], mode="markers", marker={"size": 10, **marker}, name=chart_text(title), legendgroup=group
    )


def _slider(moments: Sequence[str], dark: bool) -> dict:
    """Slider over the snapshots. The tick's title stands above the slider: on a phone tick labels would be cut."""
    return {
        "active": len(moments) - 1,
        "steps": [
            {"method": "animate", "args": [[str(i)], _glide(0)], "label": label, "value": str(i)}
            for i, label in enumerate(moments)
        ],
        "currentvalue": {"prefix": "", "xanchor": "left", "font": {"size": 16, "color": TOTAL.pair[dark]}},
        "font": {"color": "rgba(0,0,0,0)"},
        "pad": {"t": 44},
        "x": 0.03,
        "len": 0.94,
        "bgcolor": BASELINE.pair[dark],
        "activebgcolor": TOTAL.pair[dark],
        "tickcolor": TOTAL.pair[dark],
        "ticklen": 6,
    }


def _play(dark: bool) -> dict:
    """Buttons that play the snapshots from the first one on, and stop. They have their own line."""
    return {
        "type": "buttons",
        "direction": "left",
        "showactive": False,
        "x": 0,
        "xanchor": "left",
        "y": 0,
        "yanchor": "top",
        "pad": {"t": 8, "r": 8},
        "font": {"size": 16, "color": "#12161C"},
        "bgcolor": "#E6E9ED",
        "bordercolor": TOTAL.pair[dark],
        "buttons": [
            {"label": "▶", "method": "animate", "args": [None, _glide(REST)]},
            {"label": "❚❚", "method": "animate", "args": [[None], _glide(0)]},
        ],
    }


def _glide(rest: int) -> dict:
    """Animation from one snapshot to the next, with ``rest`` ms at each."""
    return {
        "mode": "immediate",
        "fromcurrent": False,
        "frame": {"duration": GLIDE + rest, "redraw": False},
        "transition": {"duration": GLIDE},
    }
