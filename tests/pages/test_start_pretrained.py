"""Start's second button: what a pretrained network gives for five photographs of each class."""

from __future__ import annotations

from tests.support.experiments import NEEDS_WEIGHTS
from tests.support.pages import app, text_of
from tests.support.published_files import write_small
from xfer_core.runs.store import open_store


def button(test):
    return test.button(key="pretrained")


def test_without_photographs_one_sentence_says_what_is_needed(small_sets):
    test = app()
    assert not test.exception
    assert button(test).disabled
    assert "needs photographs in a folder for each class" in text_of(test)


@NEEDS_WEIGHTS
def test_one_press_queues_three_networks(monkeypatch):
    monkeypatch.setattr("pages.start.pretrained.photographs", lambda: "digits.photo")
    test = button(app()).click().run()
    assert not test.exception
    assert not test.error
    kinds = [run.spec["network"]["kind"] for run in open_store().find()]
    assert sorted(kinds) == ["efficientnet_lite0", "pixels", "small_cnn"]


def test_photographs_with_fewer_labels_than_five_are_refused_in_one_sentence(small_sets):
    write_small(small_sets, "cifar10")
    test = button(app()).click().run()
    assert not test.exception
    assert len(test.error) == 1
    assert not open_store().find()
