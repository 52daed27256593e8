"""Try it: predictions of one or more networks for a drawing or an uploaded image."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
import torch
import torch.nn.functional as F
from torch import Tensor

from pages.components.drawing_pad.view import drawing_of, drawing_pad, pad_texts
from pages.i18n import _, error_text, plain
from pages.widgets.domains import task_title
from pages.widgets.encoder import encoder_of
from pages.widgets.predictions import PredictionRequest, show_predictions
from pages.widgets.row_panel import row_panel
from pages.widgets.text_panel import text_panel
from xfer_core.analysis.drawn_picture import predict_pictures, render_variants
from xfer_core.analysis.predict import classification_tasks, one_thread
from xfer_core.charts.palette import LineStyle, neutral_style
from xfer_core.domains import domain_info
from xfer_core.errors import XferError
from xfer_core.modalities.image.reading import count_frames, read_image
from xfer_core.networks import Network
from xfer_core.runs.load_network import load_trained_network
from xfer_core.runs.store import Run

MEGABYTES = 5
TYPES = ["png", "jpg", "jpeg", "webp"]
DRAW, UPLOAD = "draw", "upload"
PAD = "try.pad"
FIRST = F.pad(torch.full((1, 20, 4), 255, dtype=torch.uint8), (10, 10, 2, 2))  # any drawing


@st.cache_resource(max_entries=64, show_spinner=False)
def _network(run: str, ended: float | None, _row: Run) -> Network:
    """Loaded once per run; ``ended`` distinguishes a run from the same run resumed."""
    network, problem = load_trained_network(_row), _row.typed_spec.problem
    if network.spec.modality != "image":
        return network
    with one_thread():  # warm-up: photographs are read and kernels chosen before the first stroke
        pictures = {key: variants[:1] for key, variants in render_variants(FIRST, problem.roles()).items()}
        predict_pictures(network, problem, classification_tasks(problem)[0], pictures)
    return network


def predict_panel(runs: Sequence[Run], looks: Sequence[LineStyle] = ()) -> None:
    """Let the visitor draw, upload or set the values of a row, and show the predictions of these runs' networks.

    A run without a trained network, or without a classification task, is left out with a sentence. A change in the
    panel reruns the panel alone, not the page.

    Args:
        runs: whose networks predict, in this order.
        looks: line style of each; by default neutral styles.
    """
    asked = []
    for number, run in enumerate(runs):
        look = looks[number] if looks else neutral_style(number)
        problem = run.typed_spec.problem
        if not classification_tasks(problem):
            st.caption(_("{name} has learned no classification task.").format(name=plain(run.name)))
            continue
        try:
            network = _network(run.id, run.ended, run)
        except XferError as error:
            st.caption(f"{plain(run.name)}: {error_text(error)}")
            continue
        twice = [each.name for each in runs].count(run.name) > 1
        encoder = encoder_of(run) if network.spec.is_fitted else None
        title = f"{run.name} ({run.id})" if twice else run.name
        asked.append(
            PredictionRequest(title, problem, network, look, encoder, (run.result or {}).get("temperatures", {}))
        )
    if asked:
        st.fragment(_panel)(asked)


def _panel(asked: list[PredictionRequest]) -> None:
    """The part of the page that a stroke, or a slider, reruns."""
    if asked[0].encoder is not None:
        task = _task(asked)
        alike = [one for one in asked if one.network.spec.modality == asked[0].network.spec.modality]
        panel = text_panel if asked[0].network.spec.modality == "text" else row_panel
        panel([one for one in alike if task in classification_tasks(one.problem)], task)
        return
    asked = [one for one in asked if one.encoder is None]
    left, right = st.columns([2, 3], gap="large")
    with left:
        task = _task(asked)
        speaking = [one for one in asked if task in classification_tasks(one.problem)]
        keys = list(dict.fromkeys(key for one in speaking for key in one.problem.roles()))
        how = _how() if any(domain_info(key).render for key in keys) else UPLOAD
        place = st.container()
    try:
        with place:
            picture = drawing_of(PAD) if how == DRAW else _uploaded()
        if picture is not None:
            show_predictions(speaking, task, keys, picture, right)
        elif how == DRAW:
            sentence = _("Draw a digit in the square, with mouse, pen or finger: the predictions come while you draw.")
            right.info(sentence, icon=":material/draw:")
        else:
            right.info(_("The predictions for your picture appear here."), icon=":material/image_search:")
    except XferError as error:
        right.error(error_text(error), icon=":material/error:")
    if how == DRAW:
        with place:
            drawing_pad(PAD, pad_texts(_))


def _task(asked: Sequence[PredictionRequest]) -> str:
    """The task that is predicted: the only one, or one of a list."""
    tasks = list(dict.fromkeys(task for one in asked for task in classification_tasks(one.problem)))
    if len(tasks) == 1:
        return tasks[0]
    return st.selectbox(_("Task: what the networks predict"), tasks, format_func=task_title, key="try.task")


def _how() -> str:
    """Draw or upload."""
    titles = {DRAW: _("Draw"), UPLOAD: _("Upload a picture")}
    return st.segmented_control(
        _("How the networks get a picture"),
        [DRAW, UPLOAD],
        default=DRAW,
        required=True,
        format_func=titles.__getitem__,
        label_visibility="collapsed",
        key="try.how",
    )


def _uploaded() -> Tensor | None:
    """The uploaded image, uint8 (3, H, W)."""
    file = st.file_uploader(_("A picture of one digit"), TYPES, key="try.file", max_upload_size=MEGABYTES)
    if file is None:
        return None
    content = file.getvalue()
    picture, frames = read_image(content, file.name), count_frames(content)
    if frames > 1:
        st.caption(_("This file holds {count} pictures; the networks see the first one.").format(count=frames))
    st.image(
        picture.permute(1, 2, 0).numpy(), caption=plain(file.name), width=240, alt=_("The picture that you uploaded")
    )
    return picture
