"""The page Playground: what a link says, what is refused, and what its presses do."""

from __future__ import annotations

import pytest

from pages.playground import played
from pages.playground.settings import MOST_METHODS, STEPS, PlaySettings, read_settings
from pages.playground.stories import STORIES
from pages.streaming.frames import play_store
from tests.support.pages import app, text_of
from xfer_core.runs.store import QUEUED, STOPPED


def test_a_link_holds_what_is_not_as_at_first():
    chosen = PlaySettings(data="blobs", rotate=-30, methods=("joint", "dann"), frozen=("hidden1",), rate=0.03)
    assert chosen.address() == {
        "data": "blobs", "rotate": "-30", "methods": "joint,dann", "frozen": "hidden1", "rate": "0.03",
    }  # fmt: skip
    assert read_settings(chosen.address()) == (chosen, [])
    assert PlaySettings().address() == {}


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"rotate": "700"}, ["rotate"]),
        ({"rotate": "nan"}, ["rotate"]),
        ({"data": "stars"}, ["data"]),
        ({"methods": "joint,magic"}, ["methods"]),
        ({"methods": ""}, ["methods"]),
        ({"methods": "joint,dann,coral,mmd,mcd"}, ["methods"]),
        ({"labels": "1e5"}, ["labels"]),
        ({"width": "3.5"}, ["width"]),
        ({"utm_source": "x"}, []),
    ],
)
def test_what_a_link_cannot_say_is_left_as_it_is_at_first(given: dict[str, str], refused: list[str]):
    settings, names = read_settings({"data": "blobs", **given})
    assert names == refused
    assert settings == PlaySettings(data="moons" if "data" in given else "blobs")


def test_every_method_gets_a_run_of_the_same_problem():
    specs = PlaySettings(frozen=("hidden1", "hidden9")).specs()
    assert [spec.strategy.kind for spec in specs] == ["source_only", "fine_tune", "dann"]
    assert len({spec.problem.model_dump_json() for spec in specs}) == 1
    assert {spec.training.steps for spec in specs} == {STEPS}
    assert specs[1].strategy.frozen == ("hidden1",)  # pyright: ignore[reportAttributeAccessIssue]


def test_a_target_that_is_not_moved_is_a_domain_of_its_own():
    (spec,) = PlaySettings(rotate=0, methods=("joint",)).specs()
    assert spec.problem.source != spec.problem.target


@pytest.mark.parametrize("story", STORIES)
def test_every_story_can_be_played(story: str):
    told = STORIES[story]
    assert 1 <= len(told.settings.specs()) <= MOST_METHODS
    assert read_settings(told.settings.address()) == (told.settings, [])


def test_the_page_starts_runs_that_hold_and_replaces_them():
    page = app("playground", methods="joint,dann")
    assert not page.error, text_of(page)
    first = play_store().find()
    assert {run.name for run in first} == {"Joint learning", "DANN"} or len(first) == 2
    assert {run.status for run in first} == {QUEUED}
    kinds = {(one.kind, one.value) for one in play_store().pop_commands(first[0].id)}
    assert ("allow", 0.0) in kinds
    page.slider[0].set_value(90).run()
    assert not page.error
    assert {run.status for run in play_store().find(ids=[run.id for run in first])} == {STOPPED}
    assert len(play_store().find(statuses=(QUEUED,))) == 2
    assert page.query_params["rotate"] == "90"


def test_a_link_with_values_that_do_not_exist_says_so():
    page = app("playground", rotate="1000", data="blobs")
    assert not page.error
    assert "values that do not exist here: rotate" in text_of(page)


def test_a_press_that_makes_no_sense_is_ignored(monkeypatch):
    state: dict[str, object] = {}
    monkeypatch.setattr(played, "state", state)
    for value in ("quick", None, [], {}, "nan"):
        played.obey({"kind": "speed", "value": value})
    for value in ("quick", [], float("inf")):
        played.obey({"kind": "step", "value": value})
    played.obey({"kind": "explode"})
    assert played.speed() in (0, played.AT_FIRST)
    played.obey({"kind": "speed", "value": 1e9})
    assert played.speed() == played.FASTEST
