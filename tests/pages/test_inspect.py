"""Inspect, as a page shows it: every picture of a real run, two side by side, and what cannot be shown."""

from __future__ import annotations

import json
import re

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.pages import app, text_of
from tests.support.runs import trained_run
from xfer_core.analysis import feature_trajectory as trail_module
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import open_store
from xfer_core.workspace import current_workspace

QUESTIONS = ("confusion", "changes", "features", "drift", "filters", "gradcam", "calibration")


@pytest.fixture(autouse=True)
def _few_dots(monkeypatch):
    monkeypatch.setattr(trail_module, "MOST", 20)


def _page(run: str, beside: str = "", weights: bool = False) -> None:
    from pages.run.inspect_panel import inspect_panel
    from pages.widgets.store import store

    inspect_panel(store().get(run), store().get(beside) if beside else None, weights)


def look(run, question: str = "", beside: str = "", **more) -> AppTest:
    test = AppTest.from_function(_page, kwargs={"run": run.id, "beside": beside, **more}, default_timeout=60).run()
    if question:
        test.session_state[f"inside.question.{run.id}"] = question
        test.run()
    assert not test.exception, test.exception
    return test


def charts(test: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in test.get("plotly_chart")]


def test_every_question_of_a_run_has_its_picture_its_numbers_and_a_text_alternative():
    run = trained_run(open_store())
    test = look(run)
    for question in QUESTIONS:
        test.session_state[f"inside.question.{run.id}"] = question
        test.run()
        assert not test.exception, test.exception
        assert not test.error, (question, text_of(test))
        titles = [block.value for block in test.markdown if block.value.startswith("#### ")]
        assert len(titles) == 1
        assert titles[0].endswith("?")
        assert len(test.dataframe) == 1, question
        assert test.get("plotly_chart") or test.get("image"), question
        for chart in test.get("plotly_chart"):
            assert len(chart.proto.alt) > 20
        for sheet in test.get("image"):
            assert all(len(image.alt) > 3 for image in sheet.proto.imgs)


def test_the_confusion_matrix_adds_up_to_what_the_run_reported():
    run = trained_run(open_store())
    table = look(run).dataframe[0].value.iloc[:, 1:].to_numpy()
    accuracy = run.result["metrics"]["accuracy/digits.photo/digit/test"]
    assert sum(table.diagonal()) / table.sum() == pytest.approx(accuracy, abs=1e-6)


def test_fixed_and_broken_counts_against_a_baseline_and_against_the_run_before_the_target():
    store = open_store()
    run, scratch = trained_run(store), trained_run(store, "strategy.kind=target_only")
    test = look(run, "changes")
    box = next(box for box in test.selectbox if box.label == "Compared with")
    assert box.options == [scratch.name, "this run at step 4: before learning the target"]
    metric = "accuracy/digits.photo/digit/test"
    for reference, before in ((scratch.name, scratch.result["metrics"][metric]), (box.options[1], None)):
        box.select(reference).run()
        box = next(box for box in test.selectbox if box.label == "Compared with")
        assert f"“{reference}”" in text_of(test)
        table = test.dataframe[0].value
        fixed, broken = (table["became"] == "right").sum(), (table["became"] == "wrong").sum()
        assert f"{fixed} corrected, {broken} broken" in text_of(test)
        if before is not None:
            gain = run.result["metrics"][metric] - before
            assert (fixed - broken) / 314 == pytest.approx(gain, abs=1e-6)


def test_the_slider_stands_on_the_snapshots_and_neighbours_come_on_request():
    run = trained_run(open_store())
    test = look(run, "features")
    (figure,) = charts(test)
    steps = [step["label"] for step in figure["layout"]["sliders"][0]["steps"]]
    assert steps[0] == "step 0"
    assert "step 4: before learning the target" in steps
    assert steps[-1] == "step 8: the end"
    assert len(figure["frames"]) == len(steps)
    next(button for button in test.button if "t-SNE" in button.label).click().run()
    assert not test.exception
    assert len(charts(test)) == 2
    assert len(charts(test)[1]["data"]) == len(figure["data"])


def test_two_runs_stand_side_by_side_on_the_same_axes():
    store = open_store()
    run, other = trained_run(store), trained_run(store, "strategy.kind=source_only")
    test = look(run, beside=other.id)
    for question in QUESTIONS:
        test.session_state[f"inside.question.{run.id}"] = question
        test.run()
        assert not test.exception, test.exception
        assert not test.error, (question, text_of(test))
        assert f"**{run.name}** ({run.id})" in text_of(test)
        assert f"**{other.name}** ({other.id})" in text_of(test)
        drawn = charts(test)
        half = len(drawn) // 2
        for axis in ("xaxis", "yaxis"):
            ranges = [json.dumps(figure["layout"][axis].get("range")) for figure in drawn]
            assert ranges[:half] == ranges[half:], question
    test = look(run, "changes", beside=other.id)
    assert f"{other.name} ({other.id})" in test.selectbox[1].options


def test_a_task_that_asks_for_a_number_gets_a_scatter_and_plain_sentences():
    run = trained_run(open_store(), "strategy.kind=joint", 'problem.tasks=["tilt"]')
    test = look(run)
    assert "#### Predictions — how close are they to the true values?" in text_of(test)
    assert f"{run.result['metrics']['error/digits.photo/tilt/test']:.1f}° off" in text_of(test)
    assert len(charts(test)) == 1
    for question in ("changes", "gradcam", "calibration"):
        test = look(run, question)
        assert "needs a classification task" in text_of(test)
        assert not charts(test)
    assert charts(look(run, "features"))


def test_several_tasks_and_domains_can_be_chosen():
    run = trained_run(open_store(), "strategy.kind=joint", 'problem.tasks=["digit", "tilt"]')
    test = look(run)
    assert [box.label for box in test.selectbox] == ["Test samples of", "Task"]
    test.selectbox[1].select("tilt").run()
    assert "° off" in text_of(test)
    test.selectbox[0].select("digits.handwritten").run()
    assert f"{run.result['metrics']['error/digits.handwritten/tilt/test']:.1f}° off" in text_of(test)


def test_the_weights_of_samples_are_a_question_where_the_page_asks_for_it():
    store = open_store()
    run, plain = trained_run(store, "strategy.kind=generalised", "strategy.scheme=hard"), trained_run(store)
    assert any("Sample weights λ" in box.label for box in look(run, "weights", weights=True).expander)
    assert not any("Sample weights λ" in box.label for box in look(run).expander)
    assert "#### Confusion matrix — which classes are mixed up?" in text_of(look(plain, weights=True))


def test_without_snapshots_the_end_is_shown_and_the_sentence_said():
    run = trained_run(open_store())
    for path in (current_workspace().artifacts(run.id) / "snapshots").iterdir():
        path.unlink()
    for question in ("features", "drift", "filters"):
        test = look(run, question)
        assert "before snapshots were kept" in text_of(test)
        assert bool(test.get("plotly_chart") or test.get("image")) == (question != "drift")
    assert "sliders" not in charts(look(run, "features"))[0]["layout"]


@pytest.mark.parametrize("status", ["queued", "running", "failed"])
def test_a_run_without_weights_is_one_sentence(status):
    store = open_store()
    run = store.get(store.create(parse_spec({}), status=status))
    test = look(run)
    assert f"it is {status}" in text_of(test)
    assert not test.get("plotly_chart")


def test_a_run_on_data_that_is_not_here_is_one_sentence(tmp_path, monkeypatch):
    store = open_store()
    run = trained_run(store)
    spec = parse_spec({}, ['problem.source=["mnist"]']).model_dump(mode="json")
    store.update(run.id, spec={**run.spec, "problem": spec["problem"]})
    monkeypatch.setenv("XFER_DATA", str(tmp_path))
    test = AppTest.from_function(_page, kwargs={"run": run.id}, default_timeout=60).run()
    assert not test.exception
    assert "must be on this machine" in text_of(test)


def test_runs_that_share_no_domain_are_not_compared():
    store = open_store()
    run = trained_run(store, 'problem.source=["digits.handwritten"]')
    other = trained_run(store, 'problem.source=["digits.inverted"]', 'problem.target=["digits.noisy"]')
    assert "share no domain" in text_of(look(run, beside=other.id))


def test_the_question_is_in_the_address_and_is_read_when_one_arrives():
    run = trained_run(open_store())
    test = app("run", run=run.id, view="inspect", question="calibration")
    assert not test.exception
    assert "#### Calibration — does it know when it is unsure?" in text_of(test)
    pills = next(group for group in test.get("button_group") if group.key == f"inside.question.{run.id}")
    pills.set_value("gradcam").run()
    assert "#### Grad-CAM — where did it look?" in text_of(test)
    assert test.query_params["question"] == "gradcam"
    assert test.query_params["run"] == run.id
    test.query_params["question"] = "calibration"  # a browser may still send an old address with a press
    assert "#### Grad-CAM" in text_of(test.run())
    assert "#### Confusion matrix" in text_of(app("run", run=run.id, view="inspect", question="nonsense"))


def test_colours_are_of_classes_or_of_domains():
    run = trained_run(open_store())
    test = look(run, "features")

    def colours() -> set[str]:
        return {trace["marker"]["color"] for trace in charts(test)[0]["data"] if trace.get("mode") == "markers"}

    by_class = colours()
    test.session_state["inside.colours"] = "domain"
    test.run()
    assert not test.exception
    assert len(colours()) < len(by_class)
    assert test.get("plotly_chart")[0].proto.config


def test_answers_are_written_with_signs():
    store = open_store()
    run, _scratch = trained_run(store), trained_run(store, "strategy.kind=target_only")
    captions = [image.caption for sheet in look(run, "changes").get("image") for image in sheet.proto.imgs]
    assert captions
    assert all(re.fullmatch(r"\d → \d [✓✗]", caption) for caption in captions), captions
    captions = [image.caption for sheet in look(run, "gradcam").get("image") for image in sheet.proto.imgs]
    assert all(re.fullmatch(r"\d (✓|✗ \(is \d\)) · \d+ %", caption) for caption in captions), captions
