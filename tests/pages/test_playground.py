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
        ({"weight": "1.5"}, ["weight"]),
        ({"weight": "nan"}, ["weight"]),
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


@pytest.mark.parametrize(
    ("method", "whole"), [("joint", 1.0), ("generalised", 1.0), ("uncertainty_weighting", 2.0), ("dann", None)]
)
def test_a_weight_is_that_of_the_target_and_the_source_has_the_rest(method: str, whole: float | None):
    usual, moved = (PlaySettings(methods=(method,), weight=weight).specs()[0] for weight in (0.5, 0.9))
    before, after = (spec.strategy.lambdas(spec.problem) for spec in (usual, moved))
    if whole is None:
        assert after == before, "this method has λ of its own"
        return
    source, target = (next(term for term in before if term.split("/")[0] == domain)
                      for domain in (*usual.problem.source, *usual.problem.target))  # fmt: skip
    assert (before[source], before[target]) == pytest.approx((whole / 2, whole / 2))
    assert (after[source], after[target]) == pytest.approx((0.1 * whole, 0.9 * whole))
    others = set(before) - {source, target}
    assert [after[term] for term in others] == [before[term] for term in others]


def test_only_what_is_live_lets_runs_go_on():
    first = PlaySettings()
    assert PlaySettings(rate=0.1, weight=0).continues(first)
    assert not PlaySettings(rate=0.1, width=9).continues(first)


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


def test_weight_and_rate_act_on_the_runs_that_are_shown_until_those_have_ended():
    page = app("playground", methods="joint,source_only")
    joint, source_only = (run.id for run in sorted(play_store().find(), key=lambda run: run.typed_spec.strategy.kind))
    for run in (joint, source_only):
        play_store().pop_commands(run)
    page.slider(key="play1.weight").set_value(0.9).run()
    page.select_slider(key="play1.rate").set_value(0.1).run()
    assert not page.error
    assert len(play_store().find()) == 2, "no new runs"
    heard = [{one.name: one.value for one in play_store().pop_commands(run)} for run in (joint, source_only)]
    source, target = "lambda/planar.moons/class", "lambda/planar.moons?rotate=40/class"
    assert heard[0] == pytest.approx({source: 0.1, target: 0.9, "lr": 0.1})
    assert heard[1] == {"lr": 0.1}
    assert (page.query_params["weight"], page.query_params["rate"]) == ("0.9", "0.1")
    play_store().update(joint, status=STOPPED)
    page.slider(key="play1.weight").set_value(0.2).run()
    queued = play_store().find(statuses=(QUEUED,))
    assert {joint, source_only}.isdisjoint(run.id for run in queued), "no run could hear it: all begin again"
    assert {run.typed_spec.training.optimizer.lr for run in queued} == {0.1}


def test_a_weight_that_no_method_has_cannot_be_moved():
    page = app("playground", methods="source_only,dann")
    assert page.slider(key="play1.weight").disabled


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
