"""Start: one press trains three networks on the same labels; a sentence gives the verdict."""

from __future__ import annotations

import json

import streamlit as st

from pages.components.live_chart.view import AnswerBoard, live_texts, live_view
from pages.i18n import _, locale
from pages.start.headline import ended_well, exactly, headline, places_taken
from pages.start.introduction import explained, introduce
from pages.widgets import address
from pages.widgets.chart_runs import race_charts
from pages.widgets.predict_panel import predict_panel
from pages.widgets.race import (
    DEFAULT_LABELS,
    LABELS,
    LABELS_KEY,
    LAST,
    begin_race,
    is_racing,
    labels_control,
    labels_of,
    leave_race,
    race_names,
    runs_of_race,
    show_race,
    shown_race,
)
from xfer_core.charts.image_grid import png_uri
from xfer_core.charts.palette import METHODS
from xfer_core.charts.tiles import upscale_pixels
from xfer_core.experiments.presets import RACERS
from xfer_core.problems.problem import split_problem
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import Run
from xfer_core.training.evaluation import preview_samples

CHART_HEIGHT = 230
TRY = "now-you"  # anchor of the drawing pad


@st.cache_data(max_entries=20, show_spinner=False)
def _shown(spec: str) -> tuple[list[str], list[int], list[str]]:
    """The preview samples whose predictions a run reports: images, true classes, names of the classes."""
    chosen = RunSpec.model_validate(json.loads(spec))
    data = split_problem(chosen.problem, chosen.seed)
    task = chosen.problem.tasks[0]
    samples = data.held_out[chosen.problem.target[0], "validation"]
    places = preview_samples(data)
    images = [png_uri(upscale_pixels(image)) for image in data.input_spec.pictures(samples.inputs[places])]
    return images, samples.labels[task][places].tolist(), list(data.classes[task])


def _answer_board(run: Run) -> AnswerBoard:
    images, labels, classes = _shown(run.typed_spec.model_dump_json())
    return AnswerBoard(
        images,
        labels,
        [_(name) for name in classes],
        title=_("its predictions for ten photographs that it never learned from"),
        right=_("{answer}, right"),
        wrong=_("{answer}, wrong"),
    )


def _texts(runs: list[Run]) -> dict[str, str]:
    """Texts of a race: what each network does now, in plain words."""
    waits = _("waiting for a free place") if places_taken(runs) else _("the trainer is starting")
    phases = {
        "source": _("now practising handwritten digits"),
        "target": _("now learning photographs"),
        "together": _("now learning both kinds together"),
    }
    words = {"status.queued": waits, "status.running": _("learning"), "steps": _("round of practice")}
    return live_texts(_, locale(), phases) | words


def _controls(runs: list[Run]) -> None:
    """The one setting of the race, buttons for the next one, and a link to the drawing pad."""
    st.session_state.setdefault(LABELS_KEY, labels if (labels := labels_of(runs[0])) in LABELS else DEFAULT_LABELS)
    live = is_racing(runs)
    labels_control(disabled=live)
    with st.container(horizontal=True, gap="small"):
        st.button(_("Race again"), type="primary", icon=":material/replay:", on_click=begin_race, disabled=live)
        st.button(_("Start over"), icon=":material/first_page:", on_click=leave_race)
    if ended_well(runs):
        st.markdown(f":material/draw: [**{_('Now you: draw a digit')}**](#{TRY})")
    else:  # keeps the space: nothing moves when the race ends
        st.markdown(":gray[:material/draw: " + _("Afterwards you: draw a digit") + "]")


def main() -> None:
    """The page. Its address names the race that it shows, so that Back leaves it."""
    race = shown_race()
    runs = runs_of_race(race)
    address.write_address({"race": race} if race else {})
    if not runs:
        introduce(gone=bool(race), last=st.session_state.get(LAST, ""))
        return
    show_race(race)
    said, choice = st.columns([3, 1], gap="medium")
    with said:
        headline(runs)
    with choice:
        _controls(runs)
    lives, charts = race_charts(runs)
    live_view(
        lives,
        charts,
        layout="race",
        texts=_texts(runs),
        key=f"race-{race}",
        height=CHART_HEIGHT,
        answers=_answer_board(runs[0]),
    )
    if ended_well(runs):
        st.header(_("Now you: draw a digit"), anchor=TRY)
        predict_panel(runs, [METHODS[kind] for kind in RACERS])
        with st.expander(_("Exactly"), icon=":material/straighten:"):
            exactly(runs)
    with st.expander(_("What are the three networks?")):
        st.markdown("\n".join(f"- **{race_names()[kind]}** {explained()[kind]}" for kind in RACERS))
    st.page_link("train/page.py", label=_("Change more: the workbench"), icon=":material/tune:")


main()
