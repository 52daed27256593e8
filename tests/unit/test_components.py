"""Python and JavaScript of a component call the same things by the same names."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from pages.components.live_chart.view import HERE, SCRIPTS, AnswerBoard, Chart, LiveRun, Trace, live_texts

SOURCE = "\n".join((HERE / name).read_text("utf-8") for name in SCRIPTS)
KNOWN = {
    "definition": {field.name for kind in (LiveRun, Chart) for field in fields(kind)},
    "run": {field.name for field in fields(LiveRun)},
    "trace": {field.name for field in fields(Trace)},
    "board": {field.name for field in fields(AnswerBoard)},
    "texts": live_texts(str).keys(),
}


@pytest.mark.parametrize("name", KNOWN)
def test_what_the_script_reads_is_sent(name):
    read = set(re.findall(rf"\b{name}\.(\w+)", SOURCE))
    assert read
    assert read <= KNOWN[name]
