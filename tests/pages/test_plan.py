"""Setting up an experiment on the page: the link is read on arrival and written as one sets; one press starts it."""

from __future__ import annotations

import pytest

from tests.support.experiments import QUESTIONS, finish_runs, queue_experiment
from tests.support.pages import app, press, text_of
from xfer_core.experiments.plan import plan_for
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import FINISHED, open_store

START = "Start the experiment"
N = "digits.noisy"


def query(page) -> dict[str, str]:
    return dict(page.query_params.items())


def start_button(page):
    return next(button for button in page.button if button.label == START)


def specs() -> list[RunSpec]:
    return [run.typed_spec for run in open_store().find()]


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_link_of_every_question_fills_the_form_and_is_written_again(name):
    link = plan_for(name, 2).query()
    page = app("compare", **{path.replace(".", "__"): value for path, value in link.items()})
    assert not page.exception
    assert not page.error
    assert not page.warning
    assert page.pills(key="plan1.question").value == name
    assert query(page) == link


def test_a_prepared_link_in_any_order_starts_the_very_runs():
    page = app("compare", **{
        "seeds": "2", "dann__training__optimizer__lr": "0.001", "labels": "5,1", "training__steps": "40",
        "dann__hidden": "32", "methods": "dann,fine_tune", "fine_tune__frozen": '["conv1"]', "question": "compare",
        "problem__target": f'["{N}"]', "fbclid": "x",
    })  # fmt: skip
    assert not page.exception
    assert not page.error
    assert not page.warning
    assert "**8 runs**: 2 methods × 2 label budgets × 2 seeds." in text_of(page)
    press(page, START)
    assert not page.exception
    assert len(specs()) == 8
    for spec in specs():
        dann = spec.strategy.kind == "dann"
        assert (spec.training.steps, spec.problem.target) == (40, (N,))
        assert spec.training.optimizer.lr == (0.001 if dann else 0.003)
        assert getattr(spec.strategy, "hidden", 32) == 32
        assert getattr(spec.strategy, "frozen", ("conv1",)) == ("conv1",)


def test_what_no_link_can_ask_for_is_named_until_it_was_read():
    page = app("compare", question="why", seeds="2")
    assert not page.exception
    assert "Left out of this link: question must be one of" in text_of(page)
    assert [code.value for code in page.code] == ["question=why"]
    assert page.slider(key="plan1.seeds").value == 2
    press(page, "I have read this")
    assert not page.warning


def test_the_link_is_written_as_the_form_is_set_and_never_read_again():
    page = app("compare")
    page.slider(key="plan1.seeds").set_value(3).run()
    assert query(page)["seeds"] == "3"
    page.query_params["seeds"] = "1"  # the browser was a press behind
    page.multiselect(key="plan1.help.budgets").set_value([1, 8]).run()
    assert query(page)["seeds"] == "3"
    assert query(page)["labels"] == "1,8"
    assert page.slider(key="plan1.seeds").value == 3
    page.multiselect(key="plan1.help.methods").set_value(["joint", "dann"]).run()
    page.number_input(key="plan1.of.dann.hidden").set_value(16).run()
    page.number_input(key="plan1.of.dann.own-rate").set_value(0.001).run()
    page.number_input(key="plan1.training.steps").set_value(50).run()
    assert not page.exception
    assert not page.error
    assert query(page) == {
        "question": "help", "labels": "1,8", "seeds": "3", "methods": "joint,dann", "training.steps": "50",
        "dann.hidden": "16", "dann.training.optimizer.lr": "0.001",
    }  # fmt: skip
    assert "The learning rate differs by method: 0.001, 0.003." in text_of(page)
    assert "**Defaults, not tuned** for this problem: Joint learning." in text_of(page)


def test_another_question_keeps_problem_and_training():
    page = app("compare", problem__target=f'["{N}"]', training__steps="40")
    page.pills(key="plan1.question").set_value("freeze").run()
    assert not page.exception
    assert (query(page)["training.steps"], query(page)["problem.target"]) == ("40", f'["{N}"]')
    page.pills(key="plan1.question").set_value("targets").run()
    assert not page.exception
    assert query(page)["problem.target"].count("digits.") == 3


def test_after_start_the_form_is_folded_and_the_new_experiment_is_shown():
    finish_runs(queue_experiment("joint", seeds=1)[1])
    page = app("compare", **plan_for("help").query())
    assert START in [button.label for button in page.button]
    press(page, START)
    assert not page.exception
    assert START not in [button.label for button in page.button]
    assert "### Does transfer help?" in text_of(page)
    experiment, _before = open_store().experiments()
    assert query(page) == {"experiment": experiment}


def test_the_same_plan_is_not_started_twice():
    page = app("compare")
    press(page, START)
    page.session_state["experiment.form2"] = True  # unfolded again
    page.run()
    assert START in [button.label for button in page.button]
    assert start_button(page).disabled
    assert "This experiment is running" in text_of(page)
    page.session_state["experiment.start"] = True  # a press that was on its way
    page.run()
    assert len(open_store().find()) == 12
    page.slider(key="plan2.seeds").set_value(2).run()
    assert not start_button(page).disabled
    page.slider(key="plan2.seeds").set_value(1).run()
    for run in open_store().find():
        open_store().update(run.id, status=FINISHED)
    page.run()
    assert not start_button(page).disabled, "it may be done again once it is over"


def test_a_plan_is_still_there_after_a_visit_elsewhere():
    page = app("compare")
    page.slider(key="plan1.seeds").set_value(4).run()
    page.switch_page("methods/page.py").run()
    page.switch_page("compare/page.py").run()
    assert not page.exception
    assert page.slider(key="plan2.seeds").value == 4


def test_an_experiment_can_be_named():
    experiment, ids = queue_experiment(seeds=1)
    finish_runs(ids)
    page = app("compare", experiment=experiment)
    page.text_input(key=f"experiment.name.{experiment}").set_value("Lecture *3*").run()
    assert not page.exception
    assert open_store().experiment(experiment).name == "Lecture *3*"
    assert r"### Lecture \*3\*" in text_of(page), "as text"
    page.text_input(key=f"experiment.name.{experiment}").set_value("").run()
    assert "### Does transfer help?" in text_of(page)


def test_time_is_said_from_runs_of_the_same_kind():
    _batch, ids = queue_experiment(seeds=2)
    finish_runs(ids)  # 2 s of training each
    for run in ids:
        open_store().update(run, started=100.0, ended=102.5, threads=1)
    page = app("compare", **plan_for("help", 5).query())
    said = text_of(page)
    assert "**60 runs**" in said
    assert "About **" in said
    assert " min** on this machine" in said or " s** on this machine" in said


def test_a_plan_that_cannot_be_is_said_and_nothing_starts():
    page = app("compare")
    page.multiselect(key="plan1.all.source").set_value([]).run()
    assert not page.exception
    assert page.error
    assert start_button(page).disabled
    page.multiselect(key="plan1.all.source").set_value(["digits.low"]).run()
    page.multiselect(key="plan1.all.target").set_value(["digits.high"]).run()
    assert not page.exception
    assert "share a class" in text_of(page)
    assert start_button(page).disabled


def test_the_article_s_target_follows_its_source():
    page = app("compare", question="article-meant")
    page.multiselect(key="plan1.views.source").set_value(["digits.printed"]).run()
    assert not page.exception
    assert not page.error
    assert query(page)["problem.source"] == '["digits.printed"]'
    assert query(page)["problem.target"].startswith('["digits.printed?light=0.3')
    page.pills(key="plan1.question").set_value("article-written").run()
    assert not page.exception
    assert not page.error
    assert query(page)["problem.target"] == '["digits.printed?again=1"]'


def test_an_experiment_of_the_article_says_in_numbers_what_its_domains_have_in_common():
    page = app("compare", question="article-written")
    press(page, START)
    assert not page.exception
    shown = {metric.label: metric.value for metric in page.metric}
    assert shown["of them in the source, too"] == "100%"
    assert shown["Labels that only the source has"] == "0"
    assert shown["Difference of the pixels, of 255"] == "0.0"
    assert "no transfer can show" in text_of(page)
