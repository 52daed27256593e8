"""Train without a source domain: a network that comes filled brings the knowledge."""

from __future__ import annotations

import pytest

from tests.support.experiments import NEEDS_WEIGHTS
from tests.support.pages import app, start_button, text_of
from tests.support.runs import trained_run
from xfer_core.experiments.plan import plan_to_compare
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import FINISHED, open_store

LINK = {"network__kind": "efficientnet_lite0", "strategy__kind": "linear_probe", "network__side": "32"}
MOODS = {"problem__source": '["moods.first"]', "problem__target": '["moods.second"]', "problem__tasks": '["mood"]'}
GLOVE = {"network__start": "glove", "network__embedding": "4"}
ALONE = {name.replace("__", "."): value for name, value in {**MOODS, **GLOVE, "problem__source": "[]"}.items()}


@pytest.fixture
def glove_vectors(tmp_path, monkeypatch):
    """Two words."""
    file = tmp_path / "glove.txt"
    file.write_text("good 1 0\nbad 0 1\n", encoding="utf-8")
    monkeypatch.setenv("XFER_GLOVE", str(file))


def prefix(page) -> str:
    return f"train{page.session_state['train.form']}"


def sources(page):
    return page.pills(key=f"{prefix(page)}.source")


def offers_none(page) -> bool:
    return any("No source" in option for option in sources(page).options)


def spec_of(page) -> RunSpec:
    assert not page.exception
    return page.session_state["train.spec"]


@NEEDS_WEIGHTS
def test_none_is_chosen_and_left_and_everything_else_stays():
    page = app("train", **LINK, training__steps="40", problem__labels_per_class="8", problem__tasks='["parity"]')
    before = spec_of(page)
    assert offers_none(page)
    sources(page).set_value("none").run()
    alone = spec_of(page)
    assert not page.error, text_of(page)
    assert alone == before.changed({"problem.source": []})
    assert "none: the network brings its knowledge" in text_of(page)
    assert page.query_params["problem.source"] == "[]"
    sources(page).set_value("digits.handwritten").run()
    assert spec_of(page) == before


@NEEDS_WEIGHTS
def test_a_link_without_a_source_shows_none_and_can_be_started():
    page = app("train", **LINK, problem__source="[]")
    assert not page.error, text_of(page)
    assert sources(page).value == "none"
    start_button(page).click().run()
    assert not page.exception
    assert {run.typed_spec.problem.source for run in open_store().find()} == {()}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {**LINK, "network__start": "random"},
        {**LINK, "strategy__kind": "dann"},
        {**LINK, "strategy__kind": "distillation"},
    ],
    ids=["small_cnn", "random", "dann", "distillation"],
)
def test_none_is_not_offered_where_the_knowledge_would_be_missing(settings):
    assert not offers_none(app("train", **settings))


@NEEDS_WEIGHTS
def test_none_is_offered_as_soon_as_network_and_method_allow_it():
    page = app("train")
    page.selectbox(key=f"{prefix(page)}.network.image").set_value("efficientnet_lite0").run()
    assert offers_none(page)
    page.pills(key=f"{prefix(page)}.strategy").set_value("source_only").run()
    assert not offers_none(page)


@NEEDS_WEIGHTS
def test_with_none_chosen_a_method_that_needs_a_source_says_so_and_the_way_back_is_there():
    page = app("train", **LINK, problem__source="[]")
    page.pills(key=f"{prefix(page)}.strategy").set_value("source_only").run()
    assert not page.exception
    assert [error.value for error in page.error], text_of(page)
    assert "brings its knowledge" not in text_of(page)
    sources(page).set_value("digits.printed").run()
    assert not page.error
    assert spec_of(page).problem.source == ("digits.printed",)


@NEEDS_WEIGHTS
def test_the_switch_for_several_keeps_none():
    page = app("train", **LINK, problem__source="[]")
    several = page.toggle(key=f"{prefix(page)}.several")
    several.set_value(True).run()
    assert spec_of(page).problem.source == ()
    page.toggle(key=f"{prefix(page)}.several").set_value(False).run()
    assert sources(page).value == "none"
    assert spec_of(page).problem.source == ()


@NEEDS_WEIGHTS
def test_another_kind_of_input_at_the_target_brings_a_pair():
    page = app("train", **LINK, problem__source="[]")
    page.pills(key=f"{prefix(page)}.target").set_value("table").run()
    assert spec_of(page).problem.source == ("planar.moons",)


def test_a_network_from_glove_brings_its_knowledge_too(moods, glove_vectors):
    page = app("train", **MOODS, **GLOVE)
    assert offers_none(page)
    sources(page).set_value("none").run()
    assert not page.error, text_of(page)
    assert spec_of(page).problem.source == ()
    assert not offers_none(app("train", **MOODS))


def test_every_view_of_a_run_without_a_source_is_there(moods, glove_vectors):
    run = trained_run(open_store(), *(f"{name}={value}" for name, value in ALONE.items()))
    assert run.result, run.reason
    page = app("train", run=run.id)
    assert not page.exception
    assert "of 100" in text_of(page)
    for question in ("confusion", "changes", "features", "drift", "tokens", "calibration"):
        page = app("run", run=run.id, view="inspect", question=question)
        assert not page.exception, question
        assert not page.error, (question, text_of(page))
    for view in ("live", "try", "export"):
        page = app("run", run=run.id, view=view)
        assert not page.exception, view
        assert not page.error, (view, text_of(page))


def test_compare_takes_the_problem_without_a_source(moods, glove_vectors):
    spec = parse_spec({}, [f"{name}={value}" for name, value in ALONE.items()])
    page = app("compare", **plan_to_compare(spec).query())
    assert not page.exception
    assert not page.error, text_of(page)


@NEEDS_WEIGHTS
@pytest.mark.parametrize("source", ['["digits.handwritten"]', "[]"])
def test_the_baselines_of_a_network_that_comes_filled_have_learned_nothing_before(source):
    page = app("train", **LINK, problem__source=source)
    start_button(page).click().run()
    assert not page.exception
    runs = {run.spec["strategy"]["kind"]: run for run in open_store().find()}
    assert set(runs) == {"linear_probe", "target_only", *(["source_only"] if source != "[]" else [])}
    assert runs["target_only"].spec["network"]["kind"] == "small_cnn"
    assert runs["target_only"].name == "From scratch (small_cnn)"
    if source == "[]":
        assert "With the baseline from scratch" in [toggle.label for toggle in page.toggle]
    finish_target(runs["linear_probe"].id, 0.8)
    finish_target(runs["target_only"].id, 0.5)
    said = text_of(app("train", run=runs["linear_probe"].id))
    assert "**30 more** than small_cnn from scratch, with the very same labels (50)" in said
    assert "knowledge that moved" not in said


def finish_target(run: str, accuracy: float) -> None:
    """As if it had been trained."""
    name = open_store().get(run).typed_spec.target_metric()
    result = {"metrics": {name: accuracy}, "seconds": 2.0, "target_metric": {"name": name, "value": accuracy}}
    result |= {"samples_per_second": 900.0, "frozen_unchanged": None}
    open_store().update(run, status=FINISHED, result=result)
