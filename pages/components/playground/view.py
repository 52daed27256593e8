"""The playground's pictures: strategies side by side, each with its decision boundary on the points of every domain.

Python sends runs, domains and texts once; the browser then reads frames and scalars from two event streams by itself.
It sends presses on its bar back.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import streamlit as st
from streamlit.components.v2 import component

from pages.components.live_chart.view import Colour
from xfer_core.charts.palette import SOURCE, TARGET

HERE = Path(__file__).parent
SCRIPTS = (
    *("play.js", "frames.js", "marks.js", "plane.js", "layers.js", "features.js"),
    *("picture.js", "column.js", "arrange.js", "bar.js", "../series.js", "../dom.js"),
)

# Registered once, at import.
_component = component(
    "xfer.play",
    js="\n".join((HERE / name).read_text("utf-8") for name in SCRIPTS),
    css=(HERE / "play.css").read_text("utf-8"),
    isolate_styles=False,
)


@dataclass(frozen=True)
class PlayNumber:
    """A number under the pictures: the latest value of a scalar up to the step that is shown.

    Attributes:
        label: for people.
        scalar: its name; or that of a number in each frame.
        percent: whether it is a fraction, shown in per cent.
        framed: whether it stands in the frame.
    """

    label: str
    scalar: str
    percent: bool = True
    framed: bool = False


@dataclass(frozen=True)
class PlayRun:
    """One strategy.

    Attributes:
        id: of its run in the store.
        title: as a heading of its column.
        colour, dash: of the line before the title; the dash in Plotly's notation.
        status: as the store has it when the page runs: shown before the stream answers.
        numbers: under its pictures.
    """

    id: str
    title: str
    colour: Colour
    dash: str = "solid"
    status: str = ""
    numbers: Sequence[PlayNumber] = ()


@dataclass(frozen=True)
class PlayDomain:
    """The points of one domain that are drawn.

    Attributes:
        key: reference of the domain, as in frames.
        title: for people.
        role: what it is for the runs.
        points: (N, 2), x and y.
        labels: (N,), class indices.
        labelled: (N,), whether training sees the label; others are drawn hollow.
    """

    key: str
    title: str
    role: Literal["source", "target", "unseen"]
    points: np.ndarray
    labels: np.ndarray
    labelled: np.ndarray | Sequence[bool]

    def data(self) -> dict[str, str]:
        """As the browser reads it, arrays as base64."""
        return {
            "key": self.key,
            "title": self.title,
            "role": self.role,
            "points": _base64(self.points, "<f4"),
            "labels": _base64(self.labels, "u1"),
            "labelled": _base64(np.asarray(self.labelled, bool), "u1"),
        }


def _base64(values: np.ndarray, kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values, kind).tobytes()).decode()


def play_texts(_: Callable[[str], str], locale: str = "en") -> dict[str, str]:
    """Every text of the pictures and their bar, in the viewer's language.

    Args:
        _: translates one English text.
        locale: how numbers are written, such as ``de``.
    """
    return {
        "locale": locale,
        "bar": _("Training"),
        "play": _("Play"),
        "play.help": _("Play (space bar)"),
        "pause": _("Pause"),
        "pause.help": _("Pause (space bar)"),
        "step": _("Step"),
        "step.help": _("Learn one step (→ or .)"),
        "reset": _("Reset"),
        "reset.help": _("Start again from untrained networks"),
        "speed": _("Speed"),
        "speed.20": _("20 steps/s"),
        "speed.100": _("100 steps/s"),
        "speed.0": _("Fastest"),
        "time": _("Back through training"),
        "at": _("step {step}"),
        "role.source": _("Source"),
        "role.target": _("Target"),
        "role.unseen": _("Unseen"),
        "mark.ring": _("with a rim: target"),
        "mark.hollow": _("hollow: its label is unknown to training"),
        "mark.hollow_both": _("hollow: label unknown to training; in the feature space: target"),
        "layers": _("What the layers see"),
        "features": _("Feature space"),
        "frozen": _("frozen"),
        "conflict": _("{angle}° between the gradients of source and target (dashed)"),
        "conflict.none": _("No conflict: it learns the labels of one domain only."),
        "picture": _("{title}: decision boundary on {domain}, {step}. {values}"),
        "layers_seen": _("{title}: what each unit of the layers answers over the plane, {step}. {domain}"),
        "features_seen": _("{title}: features of source and target, {step}. {values}"),
        "reconnecting": _("Connection lost. Reconnecting…"),
        "status.queued": _("waiting for a free place"),
        "status.failed": _("failed"),
        "status.interrupted": _("interrupted"),
    }


def play_data(
    runs: Sequence[PlayRun],
    domains: Sequence[PlayDomain],
    *,
    window: tuple[float, float, float, float],
    classes: Sequence[str],
    class_colours: Sequence[tuple[str, str]],
    frames: str,
    stream: str,
    texts: Mapping[str, str],
    rate: float = 8.0,
    speed: float = 0.0,
    playing: bool = False,
    joined: bool = False,
    show: Sequence[str] = (),
    plain: bool = False,
) -> dict[str, Any]:
    """What the browser gets; arguments as of :func:`play_view`."""
    return {
        "runs": [asdict(run) for run in runs],
        "domains": [domain.data() for domain in domains],
        "range": [float(edge) for edge in window],
        "classes": list(classes),
        "class_colours": [list(pair) for pair in class_colours],
        "colours": {"source": list(SOURCE.pair), "target": list(TARGET.pair), "frozen": list(SOURCE.pair)},
        "frames": frames,
        "stream": stream,
        "rate": rate,
        "speed": speed,
        "playing": playing,
        "joined": joined,
        "show": list(show),
        "plain": plain,
        "texts": dict(texts),
    }


def play_view(
    runs: Sequence[PlayRun],
    domains: Sequence[PlayDomain],
    *,
    key: str,
    on_press: Callable[[], None] | None = None,
    **shown: Any,
) -> dict[str, Any] | None:
    """Show strategies side by side.

    Args:
        runs: one to four.
        domains: of which every strategy has a picture.
        key: the component's key; the same key keeps pictures and history over reruns.
        on_press: called before the page runs again for a press; it is then in ``st.session_state[key]["press"]``.
        shown: the rest, as :func:`play_data` takes it:
            ``window``: left, right, bottom and top of every picture of the plane.
            ``classes``, ``class_colours``: names, and a pair of hex colours (on a light page, on a dark page) of each.
            ``frames``, ``stream``: addresses of the event streams of frames and of scalars.
            ``texts``: from :func:`play_texts`.
            ``rate``: frames a second that are asked for.
            ``speed``: steps a second that are chosen; 0: as fast as it goes.
            ``playing``: whether the runs play now.
            ``joined``: all domains in one picture, instead of one each.
            ``show``: further pictures, out of ``layers``, ``features`` and ``conflict``.
            ``plain``: nothing but the pictures and play, for a projector.

    Returns:
        The press for which the page runs now: its ``kind`` (``play``, ``pause``, ``step``, ``reset``, ``speed``), its
        ``value`` (how many steps; steps a second) and its number ``n``. None if it runs for another reason.
    """
    before = st.session_state.get(key)
    heard = ((before.get("press") if isinstance(before, dict) else None) or {}).get("n", 0)
    data = {**play_data(runs, domains, **shown), "heard": heard}
    return _component(key=key, data=data, on_press_change=on_press or _nothing).press


def _nothing() -> None:
    """Streamlit requires a callback for a trigger; only the rerun is needed."""
