"""A square in which a person draws the points of a source and, if wanted, of a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

from xfer_core.domains.drawn_points import EDGE, MAX_POINTS
from xfer_core.errors import XferError

HERE = Path(__file__).parent
SCRIPTS = ("pad.js", "../playground/marks.js", "../dom.js")
DOMAINS = ("source", "target")

# Registered once, at import.
_component = component(
    "xfer.points",
    js="\n".join((HERE / name).read_text("utf-8") for name in SCRIPTS),
    css=(HERE / "pad.css").read_text("utf-8"),
    isolate_styles=False,
)
Points = Sequence[tuple[float, float, int]]
"""x, y and class of each point."""


def pad_texts(_: Callable[[str], str]) -> dict[str, str]:
    """Every text of the pad, in the viewer's language."""
    return {
        "label": _(
            "Square to draw {domain} in: {count} points. Arrow keys move the crosshair, Enter draws a point, "
            "Delete removes one, 1 to 4 choose a class."
        ),
        "domain": _("Draw"),
        "source": _("Source"),
        "target": _("Target"),
        "pens": _("Class"),
        "pen": _("Class {name}"),
        "eraser": _("Eraser"),
        "undo": _("Undo"),
        "clear": _("Clear"),
        "count": _("{count} of {most} points"),
        "few": _("Draw points of at least two classes. Until then the last drawing stays."),
        "same": _("The target is the source, moved by the sliders. Draw here to give it points of its own."),
        "full": _("A drawing has at most {most} points, so that it fits into a link."),
        "at": _("x {x}, y {y}"),
    }


def point_pad(
    key: str,
    drawn: Mapping[str, Points],
    classes: Sequence[str],
    class_colours: Sequence[tuple[str, str]],
    texts: Mapping[str, str],
) -> dict[str, Points] | None:
    """The pad, with a switch between source and target, a pen for each class, an eraser, undo and clear.

    Args:
        key: of the component; the same key keeps the drawing over reruns.
        drawn: the points of ``source`` and ``target`` that it begins with.
        classes: names.
        class_colours: a pair of hex colours (on a light page, on a dark page) of each.
        texts: from :func:`pad_texts`.

    Returns:
        The points of both as they are drawn now; None before anything was changed.

    Raises:
        XferError: ``wrong_type`` if the browser sent something else.
    """
    data = {
        "drawn": {name: [list(point) for point in drawn[name]] for name in DOMAINS},
        "classes": list(classes),
        "class_colours": [list(pair) for pair in class_colours],
        "edge": EDGE,
        "most": MAX_POINTS,
        "texts": dict(texts),
    }
    _component(key=key, data=data, default={"drawing": {}}, on_drawing_change=_nothing)
    sent = st.session_state.get(key)
    drawing = sent.get("drawing") if isinstance(sent, dict) else None
    return {name: read_points(drawing.get(name), name) for name in DOMAINS} if drawing else None


def read_points(sent: Any, field: str) -> Points:
    """The points that a browser sent.

    Raises:
        XferError: ``wrong_type``, naming ``field``.
    """
    try:
        return [(float(x), float(y), int(label)) for x, y, label in sent]
    except (TypeError, ValueError, OverflowError):
        raise XferError("wrong_type", field, sent, expected="x, y and class of each point") from None


def _nothing() -> None:
    """Streamlit requires a callback for a state; only the rerun is needed."""
