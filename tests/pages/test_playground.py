"""The page Playground: what a link says, what is refused, and what its presses do."""

from __future__ import annotations

import re

import pytest

from pages.components.playground import view
from pages.components.point_pad.view import read_points
from pages.playground import drawing, played
from pages.playground.points import shown_points
from pages.playground.settings import MOST_METHODS, STEPS, PlaySettings, read_settings
from pages.playground.stories import STORIES
from pages.streaming.frames import play_store
from tests.support.pages import app, press, text_of
from xfer_core.domains.drawn_points import encode_points
from xfer_core.errors import XferError
from xfer_core.networks import MLP
from xfer_core.runs.store import QUEUED, STOPPED

SQUARE = [(-1, -1, 0), (1, -1, 1), (-1, 1, 0), (1, 1, 1)]
DRAWING = encode_points([(-1, 0), (1, 0.5), (0, 1.5)], [0, 1, 1])
MIRRORED = encode_points([(1, 0), (-1, 0.5), (0, 1.5)], [0, 1, 1])
ONE_CLASS = "AQADAAAAAQAC"


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


def test_below_the_pictures_stand_accuracies_loss_and_distance(monkeypatch):
    shown = []
    monkeypatch.setattr(view, "play_view", lambda runs, _domains, **_more: shown.append(runs[0].numbers))
    app("playground", methods="joint")
    numbers = shown[-1]
    accuracies, others = numbers[:2], numbers[2:]
    assert [one.scalar.split("/")[0] for one in accuracies] == ["accuracy", "accuracy"]
    assert [(one.scalar, one.percent, one.framed) for one in others] == [
        ("loss/total", False, False), ("distance", False, True),
    ]  # fmt: skip


def test_a_weight_that_no_method_has_cannot_be_moved():
    page = app("playground", methods="source_only,dann")
    assert "play1.weight" not in [slider.key for slider in page.slider]
    assert "play1.weight" in [slider.key for slider in app("playground", methods="joint").slider]


def test_a_link_with_values_that_do_not_exist_says_so():
    page = app("playground", rotate="1000", data="blobs")
    assert not page.error
    assert "values that do not exist here: rotate" in text_of(page)


def test_a_link_holds_how_the_page_is_seen():
    page = app("playground", speed="20", show="features,joined", methods="joint")
    assert not page.error
    assert page.session_state["play.speed"] == 20
    assert page.session_state["play.show"] == ["features", "joined"]
    assert page.query_params["speed"] == "20"
    assert page.query_params["show"] == "features,joined"
    page.session_state["play.show"] = ["layers"]
    page.run()
    assert "show" not in page.query_params


def test_a_link_with_a_speed_that_cannot_be_says_so():
    page = app("playground", speed="1e9", show="everything")
    assert not page.error
    assert "values that do not exist here: speed, show" in text_of(page)
    assert "speed" not in page.query_params


def test_a_link_to_the_projector_shows_pictures_alone():
    page = app("playground", plain="1", story="helps")
    assert not page.error
    assert not page.slider
    assert page.query_params["plain"] == "1"
    press(page, "Show the controls")
    assert page.slider
    assert "plain" not in page.query_params


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
    assert played.speed() in (0, played.AT_FIRST)
    played.obey({"kind": "speed", "value": 20})
    assert played.speed() == 20


def test_a_link_holds_the_drawings_and_a_drawn_target_stays_where_it_was_drawn():
    both = PlaySettings(data="drawn", points=DRAWING, target_points=MIRRORED, rotate=90, methods=("joint",))
    assert both.address()["points"] == DRAWING
    assert read_settings(both.address()) == (both, [])
    (spec,) = both.specs()
    assert (spec.problem.source, len(spec.problem.target)) == ((f"planar.drawn?points={DRAWING}",), 1)
    assert MIRRORED in spec.problem.target[0]
    assert "rotate=90" not in spec.problem.target[0]
    (moved,) = PlaySettings(data="drawn", points=DRAWING, rotate=90, methods=("joint",)).specs()
    assert {DRAWING, "rotate=90"} <= set(re.split(r"[?&]|points=", moved.problem.target[0]))
    assert "points" not in PlaySettings(data="moons", points=DRAWING).address()


@pytest.mark.parametrize("text", [DRAWING[:-3], "nan", ONE_CLASS, "A" * 100_000, "<b>", ""])
def test_a_drawing_that_is_none_is_left_as_it_is_at_first(text: str):
    settings, refused = read_settings({"data": "drawn", "points": text, "target_points": MIRRORED})
    assert refused == ["points"]
    assert settings == PlaySettings(data="drawn", target_points=MIRRORED)


def test_a_link_with_a_drawing_shows_it_and_one_that_is_cut_short_says_so():
    page = app("playground", data="drawn", points=DRAWING, methods="joint")
    assert not page.error, text_of(page)
    (run,) = play_store().find(statuses=(QUEUED,))
    assert run.spec["problem"]["source"] == [f"planar.drawn?points={DRAWING}"]
    assert page.query_params["points"] == DRAWING
    page = app("playground", data="drawn", points=DRAWING[:-3], methods="joint")
    assert not page.error
    assert "values that do not exist here: points" in text_of(page)
    assert "points" not in page.query_params


@pytest.mark.parametrize(
    ("sent", "found", "told"),
    [
        (None, (DRAWING, MIRRORED), ""),
        ({"source": SQUARE, "target": []}, (encode_points([one[:2] for one in SQUARE], [0, 1, 0, 1]), ""), ""),
        ({"source": SQUARE[:1], "target": []}, (DRAWING, ""), ""),  # not yet a drawing: the pad says so
        ({"source": [], "target": SQUARE[::2]}, (DRAWING, MIRRORED), ""),
        ({"source": [(float("nan"), 0, 0), *SQUARE], "target": []}, (DRAWING, ""), "must hold finite numbers only"),
        ({"source": [(0, 0, 7), *SQUARE], "target": []}, (DRAWING, ""), "must be the numbers of its classes"),
    ],
)
def test_what_is_drawn_counts_once_it_can_be_learnt(sent, found, told, monkeypatch):
    errors: list[str] = []
    monkeypatch.setattr(drawing, "point_pad", lambda *_: sent)
    monkeypatch.setattr(drawing.st, "error", lambda text, **_: errors.append(text))
    now = PlaySettings(data="drawn", points=DRAWING, target_points=MIRRORED)
    assert drawing.drawings(now, "play1") == found
    assert [told in text for text in errors] == [True] * bool(told)


@pytest.mark.parametrize("sent", [7, "points", [[0, 0]], [[0, 0, "x"]], [[0, 0, None]], [[0, 0, float("inf")]]])
def test_a_browser_that_sends_no_points_is_refused(sent):
    with pytest.raises(XferError, match="source must be x, y and class of each point"):
        read_points(sent, "source")


def test_further_targets_are_on_the_way_to_the_last_one_which_may_be_unseen():
    chosen = PlaySettings(rotate=90, shift=1.5, scale=4, targets=3, unseen=True, methods=("generalised",))
    (spec,) = chosen.specs()
    problem = spec.problem
    assert problem.target == tuple(
        f"planar.moons?scale={scale}&rotate={rotate}&shift_x={shift}"
        for scale, rotate, shift in ((1.5874, 30, 0.5), (2.51984, 60, 1))
    )
    assert problem.unseen == ("planar.moons?scale=4&rotate=90&shift_x=1.5",)
    assert read_settings(chosen.address()) == (chosen, [])
    shown = shown_points(problem.model_dump_json(), 0)
    assert [points.role for points in shown] == ["source", "target", "target", "unseen"]
    assert shown[0].labelled.all()
    assert not shown[3].labelled.any()
    assert shown[1].labelled.sum() == 2 * chosen.labels


def test_one_target_is_never_unseen():
    (spec,) = PlaySettings(unseen=True, methods=("joint",)).specs()
    assert len(spec.problem.target) == 1
    assert not spec.problem.unseen


def test_targets_share_the_weight_that_is_chosen_for_them():
    (spec,) = PlaySettings(targets=2, weight=0.8, methods=("joint",)).specs()
    lambdas = spec.strategy.lambdas(spec.problem)
    whole = sum(lambdas.values())
    assert [value / whole for value in lambdas.values()] == pytest.approx([0.2, 0.4, 0.4])


def test_balance_and_activation_reach_the_runs():
    (spec,) = PlaySettings(balance=0.2, activation="tanh", methods=("joint",)).specs()
    assert spec.problem.target == ("planar.moons?rotate=40&balance=0.2",)
    assert spec.problem.source == ("planar.moons",)
    assert isinstance(spec.network, MLP)
    assert spec.network.activation == "tanh"
    assert read_settings({"balance": "0", "activation": "square", "targets": "4"})[1] == [
        "balance", "activation", "targets",
    ]  # fmt: skip


def test_the_page_has_a_number_for_each_of_several_domains():
    page = app("playground", story="targets")
    assert not page.error, text_of(page)
    assert next(box for box in page.slider if box.label == "Targets").value == 3
    assert next(box for box in page.toggle if "unseen" in box.label).value
