"""Your own texts on the pages: what was understood of them, kept, trained on and tried."""

from __future__ import annotations

import re

import pytest

from pages.domains import own
from pages.i18n import plain
from tests.support.hostile import HOSTILE
from tests.support.own_texts import as_csv, sentence, sentence_rows
from tests.support.pages import app, markdown_fields, marks_of, press, text_of
from tests.support.runs import trained_run
from xfer_core.runs.store import open_store


@pytest.fixture
def visits(tmp_path):
    """The view with a table of texts that lies on the disk, examined; one text holds markup."""
    rows = sentence_rows(60)
    rows[1][0] = f"{HOSTILE}\n<script>alert(1)</script> and some more words"
    path = tmp_path / "visits.csv"
    path.write_bytes(as_csv(rows))
    test = app("domains", view="own")
    test.session_state["own.upload"] = own.Upload(path)
    return test.run()


def test_texts_are_shown_as_plain_text(visits):
    assert not visits.exception
    assert "60 texts · 2 classes · 2 domains: north, south" in text_of(visits)
    shown = [text for kind, text in markdown_fields(visits) if kind != "html.body"]
    assert any(sentence(0) in text for text in shown)
    assert any(plain(HOSTILE) in text for text in shown)
    assert not [text for text in shown if HOSTILE in text]


def test_a_person_can_say_that_it_is_a_table(visits):
    box = next(box for box in visits.selectbox if box.label == "Text")
    assert box.value == "review"
    box.select("").run()
    assert "60 rows" in text_of(visits)
    next(box for box in visits.selectbox if box.label == "Text").select("review").run()
    assert "60 texts" in text_of(visits)
    next(box for box in visits.selectbox if box.label == "Tokens").select("letters").run()
    assert visits.session_state["own.upload"].finding.choices.tokens == "letters"


def test_kept_texts_are_trained_on_and_tried(visits):
    press(visits, "Keep it")
    assert not visits.exception
    run = trained_run(open_store(), 'problem.source=["own.visits.north"]', 'problem.target=["own.visits.south"]')
    assert run.result, run.reason
    marked = marks_of(run.id, "A <b>lovely</b> visit")
    assert "<b>" not in marked
    assert re.findall(r"<mark[^>]*>(.*?)</mark>", marked)
