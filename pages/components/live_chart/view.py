"""Live charts: a component whose curves grow while a run trains, without reruns of the page.

Python sends runs, charts and texts once; the browser then reads the event stream ``/live/stream`` by itself and
appends new points. A rerun of the page updates only charts whose definition changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from streamlit.components.v2 import component

from pages.streaming.routes import PLOTLY_URL, STREAM_URL

Colour = str | tuple[str, str]
"""One hex colour, or a pair: on a light page, on a dark page."""

HERE = Path(__file__).parent
SCRIPTS = ("live.js", "chart.js", "story.js", "matrix.js", "header.js", "race.js", "../series.js", "../dom.js")
STYLES = ("live.css", "race.css")

# Registered once, at import. Styles are not isolated, because plotly.js keeps its own in the head of the page.
_component = component(
    "xfer.live",
    js="\n".join((HERE / name).read_text("utf-8") for name in SCRIPTS),
    css="\n".join((HERE / name).read_text("utf-8") for name in STYLES),
    isolate_styles=False,
)


@dataclass(frozen=True)
class LiveRun:
    """One run as the view's header or card shows it.

    Attributes:
        id: its id in the store.
        title: its name on the race's card.
        colour: of its card's title and number.
        dash: Plotly's word for the line sample (solid, dash, dot, dashdot).
        number_scalar: the scalar whose latest value the race's card shows while the run learns, such as
            ``accuracy/digits.photo/digit/validation``.
        final_scalar: the scalar of the final result, shown beside it, such as ``accuracy/…/test``.
        status, progress: as the store has them when the page runs: shown before the stream answers, and compared with
            later messages to notice a change of status.
        reason: a failure in the viewer's language; empty: the text in the stream, if it has one.
        caveat: shown in place of *finished* where the result is not to be relied on (diverged, collapsed).
    """

    id: str
    title: str
    colour: Colour
    dash: str = "solid"
    number_scalar: str = ""
    final_scalar: str = ""
    status: str = ""
    progress: Mapping[str, Any] | None = None
    reason: str = ""
    caveat: str = ""


@dataclass(frozen=True)
class Trace:
    """One curve: one scalar of one run."""

    run: str
    scalar: str
    label: str
    colour: Colour
    dash: str = "solid"
    width: float = 3


@dataclass(frozen=True)
class Chart:
    """One chart of curves over training steps.

    Attributes:
        title, y_title: words above the chart and beside its vertical axis.
        traces: its curves, drawn in this order.
        y_range: fixed vertical range; None: fitted to the data.
        percent: whether fractions are shown as percent.
        lines: horizontal reference lines (y, label, colour).
        step_shape: whether curves hold their value until the next point (λ, learning rate).
        log: whether there is a switch for a logarithmic vertical axis.
        story: the run whose phases are shaded behind the curves, with a mark where a person changed λ or the rate.
        empty_text: shown in the chart before the first point.
        alt: text alternative; empty: the title.
        matrix: names of rows and columns, where this is a matrix of the latest values (−1 to 1), not curves.
            Each trace is then labelled with its row and column, as in ``0,2``; ``lines`` hold the colours of −1 and 1.
    """

    title: str
    y_title: str
    traces: Sequence[Trace]
    y_range: tuple[float, float] | None = None
    percent: bool = False
    lines: Sequence[tuple[float, str, Colour]] = ()
    step_shape: bool = False
    log: bool = False
    story: str = ""
    empty_text: str = ""
    alt: str = ""
    matrix: Sequence[str] = ()


@dataclass(frozen=True)
class AnswerBoard:
    """A few fixed samples, and what every network of a race predicts for them while it learns.

    The predictions are ``progress["answers"]`` of each run, in the order of the images.

    Attributes:
        images: data URIs.
        labels: the true class of each, as an index into ``classes``.
        classes: names of the classes.
        title: what the samples are.
        right, wrong: a correct and a wrong prediction in words, with the placeholder ``{answer}``.
    """

    images: Sequence[str]
    labels: Sequence[int]
    classes: Sequence[str]
    title: str
    right: str
    wrong: str


def live_texts(
    _: Callable[[str], str],
    locale: str = "en",
    phases: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Every text of the live view, in the viewer's language.

    Args:
        _: translates one English text.
        locale: how numbers are written, such as ``de``.
        phases: titles of phases by name; a phase that is not in it is called by its name.
        settings: titles of the live settings (``lambda/<term>``, ``lr``), for the marks of changes.
    """
    return {
        "locale": locale,
        "status.queued": _("waiting for a free place"),
        "status.running": _("running"),
        "status.paused": _("paused"),
        "status.finished": _("finished"),
        "status.stopped": _("stopped"),
        "status.failed": _("failed"),
        "status.interrupted": _("interrupted"),
        "status.unknown": _("unknown run"),
        "step": _("step {step} of {steps}"),
        "features": _("Computing what the frozen stages give: {done} of {total}"),
        "left": _("{time} left"),
        "speed": _("{count} samples/s"),
        "threads": _("threads: {count}"),
        "rate": _("learning rate {rate}"),
        "progress": _("Progress"),
        "of": _("of 100"),
        "number": _("right while learning"),
        "final": _("right in the final test"),
        "reconnecting": _("Connection lost. Reconnecting…"),
        "steps": _("step"),
        "more": _("More curves"),
        "whole_run": _("whole run"),
        "log": _("logarithmic"),
        **{f"phase.{name}": title for name, title in (phases or {}).items()},
        **{f"set.{name}": title for name, title in (settings or {}).items()},
    }


def live_view(
    runs: Sequence[LiveRun],
    charts: Sequence[Chart],
    *,
    texts: Mapping[str, str],
    key: str,
    layout: Literal["panel", "race"] = "panel",
    height: int | None = None,
    answers: AnswerBoard | None = None,
) -> None:
    """Show runs live.

    Args:
        runs: panel: the header shows the first, the others only add curves. Race: one card each.
        charts: panel: the first is as large as the window allows, the others are behind a switch. Race: only the
            first is drawn.
        texts: from :func:`live_texts`.
        key: the component's key; the same key keeps charts and zoom over reruns.
        layout: ``panel`` for one run, ``race`` for several side by side.
        height: of every chart in pixels; None: the first fills the window, the others have 300.
        answers: race: samples on every card, with its network's predictions.
    """
    data = {
        "runs": [asdict(run) for run in runs],
        "charts": [asdict(chart) for chart in (charts[:1] if layout == "race" else charts)],
        "layout": layout,
        "texts": dict(texts),
        "height": height,
        "plotly": PLOTLY_URL,
        "stream": STREAM_URL,
        "answers": answers and asdict(answers),
    }
    _component(key=key, data=data, on_status_change=_nothing)


def _nothing() -> None:
    """Streamlit requires a callback for a trigger; only the rerun is needed."""
