"""Python and JavaScript of a component call the same things by the same names."""

from __future__ import annotations

import base64
import re
from dataclasses import fields

import numpy as np
import pytest

from pages.components.live_chart import view as live
from pages.components.live_chart.view import AnswerBoard, Chart, LiveRun, Trace, live_texts
from pages.components.playground import view as playground
from pages.components.playground.view import PlayDomain, PlayNumber, PlayRun, play_data, play_texts

KNOWN = {
    "definition": {field.name for kind in (LiveRun, Chart) for field in fields(kind)},
    "run": {field.name for field in fields(LiveRun)},
    "trace": {field.name for field in fields(Trace)},
    "board": {field.name for field in fields(AnswerBoard)},
    "texts": live_texts(str).keys(),
}


PLAY_KNOWN = {
    "data": {
        *play_data((), (), window=(0, 1, 0, 1), classes=(), class_colours=(), frames="", stream="", texts={}),
        "heard",
    },
    "run": {field.name for field in fields(PlayRun)},
    "number": {field.name for field in fields(PlayNumber)},
    "domain": {field.name for field in fields(PlayDomain)},
    "texts": play_texts(str).keys(),
}
ARRAY = "at|map|buffer|slice"  # an array may have the same name


@pytest.mark.parametrize(
    ("view", "name", "known"),
    [*((live, *item) for item in KNOWN.items()), *((playground, *item) for item in PLAY_KNOWN.items())],
)
def test_what_the_script_reads_is_sent(view, name, known):
    source = "\n".join((view.HERE / file).read_text("utf-8") for file in view.SCRIPTS)
    read = set(re.findall(rf"(?<!\.\.\.)\b{name}\.(?!(?:{ARRAY})\b)(\w+)", source))
    assert read
    assert read <= set(known)


def test_arrays_are_sent_as_little_endian_bytes():
    points = np.array([[1.5, -2.0], [0.0, 3.0]], np.float64)
    sent = PlayDomain("a", "A", "target", points, np.array([0, 1]), [True, False]).data()
    assert np.frombuffer(base64.b64decode(sent["points"]), "<f4").tolist() == [1.5, -2, 0, 3]
    assert base64.b64decode(sent["labels"]) == b"\0\1"
    assert base64.b64decode(sent["labelled"]) == b"\1\0"
