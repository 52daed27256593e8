"""Drawing on the page Playground: the pad below the choice of data, and its points as the texts of the settings."""

from __future__ import annotations

import streamlit as st

from pages.components.point_pad.view import Points, pad_texts, point_pad
from pages.i18n import _, error_text
from pages.playground.settings import PlaySettings
from xfer_core.charts.palette import CLASSES as COLOURS
from xfer_core.domains.drawn_points import CLASSES, decode_points, encode_points
from xfer_core.errors import XferError

UNFINISHED = ("one_class", "few_samples")  # what the pad itself says


def drawings(now: PlaySettings, prefix: str) -> tuple[str, str]:
    """The pad. The drawings of source and target as texts, "" for a target that is not drawn; while one cannot be used,
    it stays as it was.

    Args:
        now: what is chosen at first.
        prefix: starts the key of the pad.
    """
    before = {"source": now.points, "target": now.target_points}
    try:
        drawn = {name: _points(text) for name, text in before.items()}
        sent = point_pad(f"{prefix}.pad", drawn, CLASSES, COLOURS[: len(CLASSES)], pad_texts(_))
    except XferError as error:
        st.error(error_text(error), icon=":material/error:")
        return now.points, now.target_points
    return _text(sent, "source", now.points), _text(sent, "target", now.target_points)


def _points(text: str) -> Points:
    if not text:
        return []
    points, labels = decode_points(text)
    return [(round(x, 3), round(y, 3), label) for (x, y), label in zip(points.tolist(), labels.tolist(), strict=True)]


def _text(sent: dict[str, Points] | None, name: str, before: str) -> str:
    if sent is None:
        return before
    if name == "target" and not sent[name]:
        return ""
    try:
        return encode_points([point[:2] for point in sent[name]], [point[2] for point in sent[name]], name)
    except XferError as error:
        if error.code not in UNFINISHED:
            st.error(error_text(error), icon=":material/error:")
        return before
