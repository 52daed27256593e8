"""Tables and points on the pages: chosen, trained, inspected and tried."""

from __future__ import annotations

import pytest

from tests.support.pages import app, text_of
from tests.support.runs import trained_run
from xfer_core.runs.store import open_store

POINTS = ('problem.source=["planar.moons"]', 'problem.target=["planar.moons?rotate=30"]')
TUMOURS = ('problem.source=["clinical.breast_fine"]', 'problem.target=["clinical.breast_coarse"]')


def test_choosing_another_kind_of_input_brings_a_pair_that_trains():
    page = app("train")
    prefix = f"train{page.session_state['train.form']}"
    page.pills(key=f"{prefix}.source").set_value("table").run()
    assert not page.exception
    spec = page.session_state["train.spec"]
    assert spec.problem.source == ("planar.moons",)
    assert spec.problem.target == ("planar.moons?rotate=40",)
    assert (spec.network.kind, spec.training.augment, spec.problem.tasks) == ("mlp", (), ("class",))
    page.slider(key=f"{prefix}.target.planar.moons.rotate").set_value(75.0).run()
    assert page.session_state["train.spec"].problem.target == ("planar.moons?rotate=75",)
    page.pills(key=f"{prefix}.target").set_value("image").run()
    assert not page.exception
    spec = page.session_state["train.spec"]
    assert (spec.problem.source, spec.problem.target) == (("digits.handwritten",), ("digits.photo",))
    assert spec.network.kind == "small_cnn"


def test_a_link_with_parameters_sets_the_sliders():
    page = app("train", **dict(setting.split("=", 1) for setting in POINTS))
    assert not page.exception
    assert page.session_state["train.spec"].problem.target == ("planar.moons?rotate=30",)
    assert [
        slider.value for slider in page.slider if slider.key and slider.key.endswith(".target.planar.moons.rotate")
    ] == [30.0]


@pytest.mark.parametrize("settings", [POINTS, TUMOURS], ids=["points", "tumours"])
def test_every_view_of_a_run_on_rows_is_there(settings):
    run = trained_run(open_store(), *settings)
    assert run.result, run.reason
    for question in ("confusion", "changes", "features", "drift", "columns", "calibration"):
        page = app("run", run=run.id, view="inspect", question=question)
        assert not page.exception, question
        assert not page.error, (question, text_of(page))
    page = app("run", run=run.id, view="inspect", question="columns")
    assert "counted most" in text_of(page)
    assert page.get("plotly_chart")
    page = app("run", run=run.id, view="export")
    assert not page.exception


def test_a_row_can_be_tried():
    run = trained_run(open_store(), *TUMOURS)
    page = app("run", run=run.id, view="try")
    assert not page.exception
    sliders = [slider for slider in page.slider if slider.key and slider.key.startswith("try.row.")]
    assert len(sliders) == 30
    before = [block.proto.body for block in page.get("html")]
    assert any("malignant" in block for block in before)
    page.button(key="try.sample.clinical.breast_coarse").click().run()
    assert not page.exception
    assert [block.proto.body for block in page.get("html")] != before
    sliders[0].set_value(sliders[0].max).run()
    assert not page.exception


def test_an_experiment_on_rows_is_planned_and_started():
    link = dict(setting.split("=", 1) for setting in POINTS)
    page = app("compare", **link)
    assert not page.exception
    assert not page.error, text_of(page)
    assert any("Moons (rotate 30)" in chosen for box in page.multiselect for chosen in map(str, box.options))
    page.button(key="experiment.start-button").click().run()
    assert not page.exception
    runs = open_store().find()
    assert runs
    assert {run.spec["network"]["kind"] for run in runs} == {"mlp"}
    assert {tuple(run.spec["problem"]["target"]) for run in runs} == {("planar.moons?rotate=30",)}
