"""Compare: an experiment from the form to its pictures, and runs laid side by side."""

from __future__ import annotations

import json
import re
import time

import pytest
from streamlit.testing.v1 import AppTest

from pages.compare.difference_words import named_apart
from pages.compare.experiment_charts import NUMBERS
from tests.support.experiments import (
    FOUR_METHODS,
    QUESTIONS,
    empty_experiment,
    finish_run,
    finish_runs,
    queue_experiment,
)
from tests.support.pages import app, press, text_of
from xfer_core.charts.palette import METHODS
from xfer_core.experiments.presets import PRESETS, freeze_conditions, lambda_conditions
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import FAILED, FINISHED, INTERRUPTED, QUEUED, RUNNING, open_store


def test_the_form_says_what_it_costs_and_one_press_starts_it():
    page = app("compare")
    assert not page.exception
    assert "**12 runs**: 4 methods × 3 label budgets × 1 seed. About **" in text_of(page)
    assert "A quick look: to call a difference clear, add 4 more seeds later" in text_of(page)
    page.slider(key="plan1.seeds").set_value(5).run()
    assert "**60 runs**: 4 methods × 3 label budgets × 5 seeds. About **" in text_of(page)
    assert "A quick look" not in text_of(page)
    press(page, "Start the experiment")
    assert not page.exception
    runs = open_store().find()
    assert len(runs) == 60
    assert {run.status for run in runs} == {QUEUED}
    assert len({run.experiment for run in runs}) == 1
    assert {run.name for run in runs} == {"From scratch", "Source only", "Fine-tuning", "Joint learning"}
    assert "0 of 60 runs are done" in page.get("progress")[0].proto.text
    assert "The first run starts in a moment" in text_of(page)


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_can_be_asked(name):
    page = app("compare")
    page.pills(key="plan1.question").set_value(name).run()
    assert not page.exception
    assert not page.error
    assert " runs**: " in text_of(page)
    press(page, "Start the experiment")
    assert not page.exception
    assert open_store().find()


def test_what_cannot_run_is_said_and_the_button_waits():
    page = app("compare")
    page.multiselect(key="plan1.help.budgets").set_value([0, 5]).run()
    assert "Labels per class must be at least 1 for From scratch" in text_of(page)
    assert next(button for button in page.button if button.label == "Start the experiment").disabled
    page.multiselect(key="plan1.help.budgets").set_value([]).run()
    assert "Labels per class must name at least one" in text_of(page)
    page.multiselect(key="plan1.help.budgets").set_value([1, 2, 3, 5, 8, 10, 15]).run()
    page.multiselect(key="plan1.help.methods").set_value(
        ["target_only", "fine_tune", "joint", "source_only", "erm"]
    ).run()
    page.slider(key="plan1.seeds").set_value(20).run()
    assert "at most 600 runs at a time; 17 seeds fit" in text_of(page)


def test_a_finished_experiment_says_what_it_found():
    experiment, ids = queue_experiment()
    finish_runs(ids)
    page = app("compare", experiment=experiment)
    assert not page.exception
    assert "All 60 runs are done; 5 seeds." in text_of(page)
    said = text_of(page)
    beat = r"With 5 labels per class \*\*[\w -]+\*\* beat \*\*From scratch\*\* by 30.0 points "
    assert re.search(beat + re.escape("(95 % interval +30.0 to +30.0, 5 seeds). Better too: **"), said)
    assert said.count(" (+30.0)") == 2 * 3
    assert "with 1 label per class does better than **From scratch** with 20 labels per class (5 seeds)" in said
    assert "comparisons here: 9" in said
    assert "bootstrap" not in said
    table = page.dataframe[-1].value
    assert len(table) == 12
    assert set(table["Verdict"]) == {"better", "compared with this"}
    assert table["Seeds"].tolist() == ["5"] * 12
    assert table["Labels per class"].tolist() == [*["1"] * 4, *["5"] * 4, *["20"] * 4]
    assert set(table["Seeds in favour (sign test)"]) == {"5 of 5 (p 0.062)", ""}
    assert page.success[0].value.startswith("**")


def told(accuracies: dict[str, dict[int, list[float]]]) -> str:
    """What the page says of made-up results: kind → budget → accuracy of each seed."""
    kinds = {"target_only": FOUR_METHODS[0], "fine_tune": FOUR_METHODS[2]}
    seeds = len(next(iter(next(iter(accuracies.values())).values())))
    experiment, ids = queue_experiment(arms=[kinds[kind] for kind in accuracies], budgets=(1, 5), seeds=seeds)
    store = open_store()
    for run in ids:
        spec = store.get(run).typed_spec
        finish_run(store, run, accuracies[spec.strategy.kind][spec.problem.labels_per_class][spec.seed])
    page = app("compare", experiment=experiment)
    assert not page.exception
    return text_of(page)


SCRATCH = {1: [0.42, 0.44, 0.4, 0.43, 0.41], 5: [0.6, 0.62, 0.58, 0.61, 0.59]}


def test_one_seed_says_nothing_of_what_labels_are_worth():
    one = {"target_only": {budget: own[:1] for budget, own in SCRATCH.items()}, "fine_tune": {1: [0.57], 5: [0.7]}}
    said = told(one)
    assert "With 5 labels per class, so far: **Fine-tuning** 70.0 %; **From scratch** 60.0 %. 1 shared seed: " in said
    assert "a difference is called clear from 5 on" in said
    assert "does about as well" not in said
    assert "does better than" not in said


def test_what_labels_are_worth_is_interpolated_with_an_interval_and_never_rounded_up():
    """0.593 on a line in log(labels) from 0.42 at 1 to 0.6 at 5 is 4.7 labels: 5 were better."""
    tuned = {1: [0.6, 0.6, 0.59, 0.575, 0.6], 5: [0.7, 0.72, 0.68, 0.71, 0.69]}
    said = told({"target_only": SCRATCH, "fine_tune": tuned})
    assert (
        "**Fine-tuning** with 1 label per class does about as well as **From scratch** with 4.6 labels per class, by "
        "interpolation (95 % interval " in said
    )
    assert "to more than 5 labels per class, 5 seeds)" in said


def test_a_result_that_is_no_number_leaves_the_others_their_verdict():
    """One of ten runs broke: the pair is unknown, nothing is called clear, and the page stands."""
    tuned = {1: [0.6, 0.6, 0.59, 0.575, float("nan")], 5: [0.7, 0.72, 0.68, 0.71, 0.69]}
    said = told({"target_only": SCRATCH, "fine_tune": tuned})
    assert "With 1 label per class no method differs clearly from **From scratch** (5 seeds)." in said
    assert "With 5 labels per class **Fine-tuning** beat **From scratch** by 10.0 points" in said
    assert "comparisons here: 2" in said
    assert "with 1 label per class does" not in said


@pytest.mark.parametrize("picture", ["labels", "final", "race", "kept", "cost"])
@pytest.mark.parametrize("theme", ["light"])
def test_every_picture_has_words_and_its_data(picture, theme):
    experiment, ids = queue_experiment(budgets=(1, 5), seeds=2)
    finish_runs(ids)
    page = app("compare", experiment=experiment)
    page.session_state[NUMBERS] = True
    page.pills(key=f"experiment.picture.{experiment}").set_value(picture).run()
    assert not page.exception
    assert not page.error
    (chart,) = page.get("plotly_chart")
    assert chart.proto.alt or chart.proto.spec
    assert len(page.dataframe) == 2, "the data, and what was found"
    assert len(page.dataframe[0].value) > 4
    assert any("The numbers" in expander.label for expander in page.expander)


@pytest.mark.parametrize(
    ("question", "arms"), [("freeze", freeze_conditions(RunSpec())), ("lambda", lambda_conditions(RunSpec()))]
)
def test_arms_in_an_order_are_drawn_in_it(question, arms):
    experiment, ids = queue_experiment(question, arms, (5,), 2)
    finish_runs(ids)
    page = app("compare", experiment=experiment)
    assert not page.exception
    assert page.pills(key=f"experiment.picture.{experiment}").value == question
    assert len(page.get("plotly_chart")) == 1


def test_several_targets_are_shown_each():
    base = parse_spec({}, PRESETS["targets"].settings)
    store, experiment = open_store(), empty_experiment("targets")
    for kind, value in (("erm", 0.5), ("group_dro", 0.75)):
        for seed in (0, 1):
            spec = parse_spec(base.model_dump(mode="json"), [f"strategy.kind={kind}", f"seed={seed}"])
            run = store.create(spec, name=kind, experiment=experiment)
            more = {f"accuracy/{key}/digit/test": value for key in spec.problem.target[1:]}
            finish_run(store, run, value, **more)
    page = app("compare", experiment=experiment)
    page.session_state[NUMBERS] = True
    page.run()
    assert not page.exception
    data = page.dataframe[0].value
    assert set(data["domain"]) == {"Digits on photographs", "Rotated digits", "Noisy digits"}
    assert len(data) == 12


def test_pictures_fill_as_results_come_in():
    experiment, ids = queue_experiment(seeds=2)
    store = open_store()
    store.update(ids[5], status=RUNNING, progress={"step": 50, "steps": 100})
    finish_runs(ids[:2])
    page = app("compare", experiment=experiment)
    assert not page.exception
    assert "2 of 24 runs are done" in page.get("progress")[0].proto.text
    assert "a difference is called clear from 5 on" in text_of(page)
    assert [button.label for button in page.button].count("Pause") == 1


def test_until_the_first_result_the_curves_of_what_trains_are_there():
    experiment, ids = queue_experiment(seeds=1)
    store = open_store()
    for run in ids[:2]:
        store.update(run, status=RUNNING, progress={"step": 5, "steps": 100})
    page = app("compare", experiment=experiment)
    assert not page.exception
    assert "Training now." in text_of(page)
    assert not page.get("plotly_chart")


def test_a_method_keeps_its_colour_while_results_come_in():
    experiment, ids = queue_experiment(budgets=(5,), seeds=1)
    looks = []
    for count in range(1, 4):
        finish_runs(ids[count - 1 : count])
        page = app("compare", experiment=experiment)
        traces = json.loads(page.get("plotly_chart")[0].proto.spec)["data"]
        looks.append({(line["color"], line["dash"]) for trace in traces if (line := trace.get("line"))})
    first, second, third = looks
    own = METHODS["target_only"]
    assert (own.light, own.dash) in first
    assert len(third) == 3
    assert first < second < third


def test_the_axis_of_percent_stands_still_and_can_be_zoomed():
    experiment, ids = queue_experiment(budgets=(5,), seeds=1)
    finish_runs(ids[:1])
    page = app("compare", experiment=experiment)
    (toggle,) = page.toggle
    spec = json.loads(page.get("plotly_chart")[0].proto.spec)["layout"]
    assert spec["yaxis"]["range"] == [0, 1.02]
    toggle.set_value(True).run()
    assert "range" not in json.loads(page.get("plotly_chart")[0].proto.spec)["layout"]["yaxis"]


def test_what_it_is_about_stands_below_the_title_and_every_setting_on_request():
    experiment, ids = queue_experiment(seeds=1)
    finish_runs(ids)
    page = app("compare", experiment=experiment)
    about = page.caption[0].value
    assert "Handwritten digits → Digits on photographs" in about
    assert "1, 5, 20 labels per class" in about
    assert "4 methods" in about
    page.session_state["experiment.settings"] = True
    page.run()
    assert "**Held equal** for all runs" in text_of(page)


def test_pausing_going_on_more_seeds_and_deleting():
    experiment, ids = queue_experiment(arms=FOUR_METHODS[:2], budgets=(5,), seeds=2)
    store = open_store()
    finish_runs(ids[:1])
    page = app("compare", experiment=experiment)
    press(page, "Pause")
    assert {run.status for run in store.find(experiment=experiment)} == {FINISHED, "paused"}
    press(page, "Go on with what is missing")
    assert sorted({run.status for run in store.find(experiment=experiment)}) == [FINISHED, QUEUED]
    page.number_input(key="experiment.more").set_value(3).run()
    press(page, "Add them")
    assert len(store.find(experiment=experiment)) == 10
    press(page, "Pause")
    press(page, "Delete")
    assert not page.exception
    assert not store.find(experiment=experiment)


def test_what_failed_is_said_once_or_thrice():
    experiment, ids = queue_experiment(arms=FOUR_METHODS[:2], budgets=(5,), seeds=4)
    store = open_store()
    reason = {"code": "worker_died", "field": "run", "value": "x", "params": {"exit_code": "-9"}, "text": "died"}
    for run in ids[:5]:
        store.update(run, status=FAILED, reason=reason)
    for run in ids[5:]:
        store.update(run, status=INTERRUPTED)
    page = app("compare", experiment=experiment)
    assert not page.exception
    assert len(page.error) == 3
    assert "2 more failed" in text_of(page)
    press(page, "Go on with what is missing")
    assert {run.status for run in store.find(experiment=experiment)} == {QUEUED}


def test_a_link_to_an_experiment_that_is_not_here_says_so():
    page = app("compare", experiment="experiment-help-gone")
    assert not page.exception
    assert "not in this installation" in text_of(page)


def test_several_experiments_can_be_chosen_from():
    first, ids = queue_experiment(seeds=1)
    finish_runs(ids)
    time.sleep(0.01)
    second, ids = queue_experiment("joint", FOUR_METHODS[2:], (1, 5), 1)
    finish_runs(ids)
    page = app("compare")
    assert "### Joint or fine-tuned?" in text_of(page), "the newest"
    chooser = next(box for box in page.selectbox if box.label == "Experiment")
    assert chooser.value == second
    chooser.set_value(first).run()
    assert "### Does transfer help?" in text_of(page)


# ---------------------------------------------------------------------- side by side


def laid_side_by_side() -> AppTest:
    def script():
        from pages.compare.run_comparison import run_comparison
        from xfer_core.runs.store import open_store

        run_comparison(open_store().find())

    return AppTest.from_function(script).run(timeout=30)


def test_compared_runs_show_where_they_differ_in_words():
    store = open_store()
    for kind, seed in (("fine_tune", 0), ("joint", 1)):
        finish_run(store, store.create(parse_spec({}, [f"strategy.kind={kind}", f"seed={seed}"]), name=kind), 0.5)
    page = laid_side_by_side()
    assert not page.exception
    assert not page.warning
    table = page.table[0].value
    assert set(table["Seed"]) == {"0", "1"}
    assert set(table["Method"]) == {"Fine-tuning", "Joint learning"}
    assert list(table) == ["Run", "Result", "Method", "Seed"], "what only one method has is left out at its default"
    assert {name.split(" ")[0] for name in table["Run"]} == {"fine_tune", "joint"}


def test_values_are_said_in_words():
    store = open_store()
    weights = '{"digits.handwritten/digit":0.25,"digits.photo/digit":0.75}'
    for settings in (
        ["strategy.kind=joint"],
        ["strategy.kind=joint", f"strategy.weights={weights}", "training.augment=[]", "problem.labels_per_class=0"],
        ['strategy.frozen=["conv1"]', "strategy.new_head=true", 'problem.unseen=["digits.noisy"]'],
    ):
        store.create(parse_spec({}, settings))
    (table,) = laid_side_by_side().table
    said = set(table.value.drop(columns="Run").to_numpy().ravel())
    assert {"Handwritten digits 0.25, Digits on photographs 0.75", "equal", "conv1", "yes", "none", "shift"} <= said
    for raw in ("[]", "{}", "null", "None", "strategy.", "digits."):
        assert not [text for text in [*said, *table.value] if raw in text]


def test_runs_of_one_name_are_told_apart():
    store = open_store()
    for settings in (["seed=1"], ["seed=2"], ["seed=2"], ["strategy.kind=joint"]):
        store.create(parse_spec({}, settings))
    runs = store.find()
    alone, again, second, first = (run.name for run in named_apart(runs))
    assert alone == "Joint learning"
    assert first == "Fine-tuning · Seed 1"
    assert {again, second} == {f"Fine-tuning · Seed 2 · {run.id}" for run in runs[1:3]}


def test_runs_of_other_targets_are_not_said_to_compare():
    store = open_store()
    for target in ("digits.photo", "digits.noisy"):
        finish_run(store, store.create(parse_spec({}, [f'problem.target=["{target}"]'])), 0.5)
    assert "different targets" in laid_side_by_side().warning[0].value
