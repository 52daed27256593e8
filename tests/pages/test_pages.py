"""Every page in process: what it shows, what it asks for, and what it says to nonsense."""

from __future__ import annotations

import re
import time

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.experiments import empty_experiment
from tests.support.pages import app, finished_run, start_button, text_of
from tests.support.training import SOURCE, TARGET, event
from xfer_core.execution.failure import failure_reason
from xfer_core.runs.spec import RunSpec, parse_spec, spec_settings
from xfer_core.runs.store import FINISHED, QUEUED, RUNNING, open_store
from xfer_core.training import SGD
from xfer_core.training.callback import Command

DISJOINT = {"problem__source": '["digits.low"]', "problem__target": '["digits.high"]'}
STATUSES = ("queued", "running", "paused", "finished", "stopped", "failed", "interrupted")


# ---------------------------------------------------------------------- every page


@pytest.mark.parametrize("page", ["start", "train", "playground", "compare", "run"])
@pytest.mark.parametrize("filled", [False, True])
def test_every_page_renders_on_an_empty_and_on_a_full_store(page, filled):
    if filled:
        store = open_store()
        for status in STATUSES:
            store.update(store.create(RunSpec(), name=status), status=status)
        finished_run(store, RunSpec(), 0.7)
    test = app(page)
    assert not test.exception
    assert not test.error, text_of(test)


@pytest.mark.parametrize("status", STATUSES)
def test_a_run_of_every_status_has_its_page(status):
    store = open_store()
    run = store.create(RunSpec(), name="mine")
    store.update(
        run, status=status, reason=failure_reason("worker_died", run, exit_code=-9) if status == "failed" else None
    )
    test = app("run", run=run)
    assert not test.exception
    labels = {button.label for button in test.button}
    assert ("Pause" in labels) == (status in ("queued", "running"))
    assert ("Resume" in labels) == (status in ("paused", "failed", "interrupted"))
    assert ("Stop…" in labels) == (status in ("queued", "running", "paused"))
    assert "Stop this run" not in labels


def test_a_run_that_is_silent_says_so_on_its_page():
    store = open_store()
    run = store.create(RunSpec(), status=RUNNING)
    store.update(run, heartbeat=time.time() - 60)
    test = app("run", run=run)
    assert not test.exception
    (warning,) = test.warning
    assert re.search(r"has not been heard from for 6\d s", warning.value)
    store.update(run, heartbeat=time.time())
    assert not test.run().warning


def test_a_checkpoint_that_could_not_be_used_is_said_on_the_run_s_page():
    store = open_store()
    run = store.create(RunSpec(), status=FINISHED)
    details = {"unusable": {"checkpoint.pt": "it is empty"}, "anew": False}
    store.append(run, events=[event(1, 120, "fallback", **details)])
    (warning,) = app("run", run=run).warning
    assert warning.value == (
        "checkpoint could not be used (it is empty), so the run went on from the one before, at step 120; "
        "found checkpoint.pt."
    )


def test_a_run_is_stopped_only_after_a_second_click():
    store = open_store()
    run = store.create(RunSpec(), name="mine")
    test = app("run", run=run)

    def press(label):
        next(button for button in test.button if button.label == label).click()
        test.run()
        assert not test.exception
        return {button.label for button in test.button}

    assert {"Stop this run", "Go on training"} <= press("Stop…")
    assert "Stop this run" not in press("Go on training")
    assert not store.stop_requested(run)
    press("Stop…")
    assert "Stop this run" not in press("Stop this run")
    assert store.stop_requested(run) or store.get(run).status == "stopped"


def test_a_link_to_nowhere_is_one_sentence():
    test = app("run", run="zzz")
    assert not test.exception
    assert [error.value for error in test.error] == [
        "run must be the id of a run in this installation; found zzz."
    ]  # fmt: skip


# ---------------------------------------------------------------------- start


def test_the_button_queues_three_strategies_on_one_problem():
    test = app()
    next(button for button in test.button if button.label == "Start the race").click().run()
    assert not test.exception
    runs = open_store().find(statuses=(QUEUED,))
    specs = [run.typed_spec for run in runs]
    assert {spec.strategy.kind for spec in specs} == {"target_only", "fine_tune", "joint"}
    assert len({(spec.problem, spec.network, spec.training, spec.seed) for spec in specs}) == 1
    assert test.query_params["race"] in ([runs[0].experiment], runs[0].experiment)


@pytest.mark.parametrize("labels", [1, 20])
def test_the_race_has_one_setting_and_races_of_other_labels_are_dealt_alike(labels):
    for chosen in (5, labels):
        test = app()
        control = next(
            group for group in test.get("button_group") if group.label == "Labelled photographs of each digit"
        )
        assert control.value == 5
        control.set_value(chosen).run()
        press(test, "Start the race")
    specs = [run.typed_spec for run in open_store().find()]
    assert sorted(spec.problem.labels_per_class for spec in specs) == sorted([5, 5, 5, labels, labels, labels])
    assert {spec.seed for spec in specs} == {0}
    press(app(), "Start the race")
    assert sorted(run.typed_spec.seed for run in open_store().find()) == [0] * 6 + [1] * 3


def press(test: AppTest, label: str) -> AppTest:
    """Press the button of this name; nothing broke."""
    next(button for button in test.button if button.label == label).click().run()
    assert not test.exception
    return test


def raced(scratch: float, tuned: float, joint: float, labels: int = 5) -> str:
    """A finished race with made-up accuracies."""
    race = empty_experiment("race", labels)
    for kind, accuracy in (("target_only", scratch), ("fine_tune", tuned), ("joint", joint)):
        spec = parse_spec({}, [f"strategy.kind={kind}", f"problem.labels_per_class={labels}"])
        finished_run(open_store(), spec, accuracy, race)
    return race


@pytest.mark.parametrize(
    ("scratch", "tuned", "joint", "said"),
    [
        (0.50, 0.75, 0.70, ["first reads **75 of 100**", "at once **70", "only **50", "between the first two"]),
        (0.50, 0.65, 0.90, ["at once reads **90 of 100**", "first **65 of 100**", "only **50"]),
        (0.50, 0.52, 0.80, ["at once reads **80 of 100**", "**30 more**", "first reads **52 of 100**, too close"]),
        (0.50, 0.30, 0.80, ["at once reads **80 of 100**", "**30 more**", "**30 of 100**: here the hand", "did harm"]),
        (0.80, 0.50, 0.40, ["negative transfer", "**80 of 100**", "**50 of 100**", "**40 of 100**"]),
        (0.60, 0.62, 0.61, ["too close", "**60 of 100**", "**62 of 100**", "**61 of 100**"]),
    ],
)
def test_the_verdict_follows_from_the_numbers_and_names_every_network(scratch, tuned, joint, said):
    text = text_of(app(race=raced(scratch, tuned, joint))).lower()
    for part in said:
        assert part.lower() in text, text
    assert ("between the first two" in text) == (said[-1] == "between the first two")
    assert "one run each" in text
    assert "314 photographed digits" in text
    assert "seed (0)" in text


def test_one_labelled_photograph_is_not_said_in_the_plural():
    race = raced(0.3, 0.6, 0.6, labels=1)
    assert "the very same one labelled photograph of each digit" in text_of(app(race=race))


def test_races_are_averaged_only_with_those_of_as_many_labels():
    race = raced(0.5, 0.7, 0.6)
    raced(0.3, 0.5, 0.4, labels=1)
    assert "Over" not in text_of(app(race=race))
    raced(0.7, 0.9, 0.8)
    assert "Over 2 races" in text_of(app(race=race))
    assert "From scratch **60.0 %** ± 14.1" in text_of(app(race=race))


def test_start_over_leads_back_to_the_introduction_which_knows_the_last_race():
    test = app(race=raced(0.5, 0.7, 0.6))
    assert "Watch knowledge move" not in text_of(test)
    press(test, "Start over")
    assert "Watch knowledge move" in text_of(test)
    assert "race" not in test.query_params
    press(test, "Back to your last race")
    assert "Watch knowledge move" not in text_of(test)


def test_a_race_says_what_it_waits_for():
    test = press(app(), "Start the race")
    assert "All three get the same labelled photographs, 5 of each digit" in text_of(test)
    open_store().create(RunSpec(), status=RUNNING)
    assert "All places are taken" in text_of(test.run())
    for run in open_store().find(statuses=(QUEUED,)):
        open_store().update(run.id, status=RUNNING)
    assert "All three get the same" in text_of(test.run())


def test_an_old_race_in_the_address_that_comes_with_a_press_is_not_shown_again():
    test = app()
    next(button for button in test.button if button.label == "Start the race").click().run()
    first = test.session_state["race.shown"]
    store = open_store()
    for run in store.find():
        store.update(run.id, status="stopped")
    next(button for button in test.run().button if button.label == "Race again").click().run()
    second = test.session_state["race.shown"]
    test.query_params["race"] = first
    test.run()
    assert test.session_state["race.shown"] == second != first


# ---------------------------------------------------------------------- train


def query(*settings: str) -> dict[str, str]:
    return {key.replace(".", "__"): value for key, value in spec_settings(parse_spec({}, settings)).items()}


@pytest.mark.parametrize(
    "settings",
    [
        (),
        ('strategy.frozen=["conv1", "conv2"]', "strategy.target_lr=0.001"),
        ("strategy.kind=joint", "strategy.weights.digits.photo/digit=0.7", "problem.labels_per_class=10"),
        ("strategy.kind=joint", 'problem.tasks=["digit", "parity"]'),
        ("strategy.kind=generalised", 'problem.target=["digits.photo", "digits.noisy"]', "strategy.scheme=hard"),
        ("strategy.kind=target_only", "network.kind=article_net", "training.optimizer.kind=sgd", "seed=7"),
        ('problem.source=["digits.low"]', 'problem.target=["digits.high"]', "strategy.new_head=true"),
        ("problem.labels_per_class=all", 'training.augment=["flip", "rotation"]', "training.steps=50"),
    ],
)
def test_a_link_is_the_whole_choice_and_start_queues_exactly_that(settings):
    wanted = parse_spec({}, settings)
    test = app("train", **query(*settings))
    assert not test.exception
    assert not test.error, text_of(test)
    start_button(test).click().run()
    assert not test.exception
    runs = open_store().find(statuses=(QUEUED,))
    asked = [run for run in runs if run.spec["strategy"]["kind"] == wanted.strategy.kind]
    made = asked[0].typed_spec
    assert made == wanted
    kinds = {"source_only", "target_only", wanted.strategy.kind}
    expected = kinds if "digits.low" not in wanted.problem.source else kinds - {"source_only"}
    assert {run.spec["strategy"]["kind"] for run in runs} == expected


def test_what_is_updated_follows_the_locks():
    test = app("train")
    assert "33,946 of 33,946" in text_of(test)
    next(toggle for toggle in test.toggle if toggle.label == "conv3").set_value(True).run()
    assert "15,386 of 33,946" in text_of(test)
    assert "conv3" in str(test.query_params["strategy.frozen"])


def test_a_method_that_freezes_nothing_shows_the_network_without_locks():
    test = app("train", strategy__kind="joint")
    locks = [toggle for toggle in test.toggle if toggle.label in ("conv1", "conv2", "conv3", "head")]
    assert [lock.disabled for lock in locks] == [True] * 4
    assert "all 33,946 parameters are updatable (θ_upd)" in text_of(test)


def test_the_formula_follows_the_mixer():
    test = app("train", strategy__kind="joint")
    assert [slider.value for slider in test.slider if slider.label.startswith("λ")] == [0.5, 0.5]
    next(slider for slider in test.slider if "photographs" in slider.label).set_value(1.5).run()
    assert r"0.50\,L_{0} + 1.50\,L_{1}" in "".join(latex.value for latex in test.get("latex"))


@pytest.mark.parametrize(
    ("settings", "field", "said"),
    [
        ({"problem__target": "[]"}, "Target", "at least one target"),
        ({"problem__labels_per_class": "999"}, "Labels per class", "999"),
        ({"problem__labels_per_class": "0"}, "Labels per class", "at least 1"),
        ({"strategy__frozen": '["conv9"]'}, "Frozen layers", "conv9"),
        (DISJOINT, "Source", "share a class"),
        ({"strategy__frozen": '["conv1","conv2","conv3","head"]'}, "Frozen layers", "something to update"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_said_and_nothing_can_be_started(settings, field, said):
    test = app("train", **settings)
    assert not test.exception
    sentences = [element.value for kind in ("error", "warning") for element in test.get(kind)]
    assert len(sentences) == 1, sentences
    assert sentences[0].startswith(field), "in the words that stand on the page"
    assert said in sentences[0]
    assert start_button(test).disabled


def test_the_part_of_a_link_that_cannot_be_used_is_said_as_sent_and_the_rest_is_used():
    test = app("train", strategy__kind="nonsense", seed="7", training__steps="0")
    assert not test.exception
    said = " ".join(warning.value for warning in test.warning)
    assert "Steps must be at least 1; found 0." in said
    assert "Method must be one of Fine-tuning, Joint learning, " in said
    assert "found nonsense." in said
    assert {code.value for code in test.code} == {"strategy.kind=nonsense", "training.steps=0"}
    assert test.session_state["train.spec"] == RunSpec(seed=7)
    assert not start_button(test).disabled
    test.run()
    assert {code.value for code in test.code} == {"strategy.kind=nonsense", "training.steps=0"}, "still there"
    next(button for button in test.button if button.label == "I have read this").click().run()
    assert not test.warning


def test_what_is_not_ours_in_a_link_is_left_out_without_a_word():
    test = app("train", seed="7", fbclid="abc", utm_source="x", strategy__kind="joint")
    assert not test.warning
    assert test.session_state["train.spec"] == parse_spec({}, ["strategy.kind=joint", "seed=7"])
    assert "fbclid" not in test.query_params


def test_a_link_of_foreign_parameters_alone_leaves_what_was_chosen():
    test = app("train", seed="7")
    test.query_params.clear()
    test.query_params["fbclid"] = "abc"
    test.run()
    assert test.session_state["train.spec"].seed == 7


def press_lock(test: AppTest, stage: str) -> None:
    next(toggle for toggle in test.toggle if toggle.label == stage).set_value(True).run()


def test_an_old_address_that_comes_with_a_press_undoes_nothing():
    test = app("train")
    old = test.query_params.copy()
    press_lock(test, "conv1")
    for stage in ("conv2", "conv3"):  # the browser has not heard of the new address yet
        test.query_params.clear()
        test.query_params.update(old)
        press_lock(test, stage)
    frozen = ("conv1", "conv2", "conv3")
    assert test.session_state["train.spec"].strategy.frozen == frozen
    assert all(stage in str(test.query_params["strategy.frozen"]) for stage in frozen)
    start_button(test).click().run()
    made = {run.spec["strategy"]["kind"]: run.spec for run in open_store().find()}
    assert made["fine_tune"]["strategy"]["frozen"] == list(frozen)


def test_back_in_the_browser_takes_a_choice_back(monkeypatch):
    test = app("train", seed="5")
    press_lock(test, "conv1")
    monkeypatch.setattr("pages.widgets.address.goes_through_history", lambda: True)
    test.query_params.clear()
    test.query_params["seed"] = "5"
    test.run()
    assert test.session_state["train.spec"] == RunSpec(seed=5)
    assert not any(toggle.value for toggle in test.toggle if toggle.label == "conv1")


def test_start_takes_what_the_controls_say_as_it_is_pressed():
    test = app("train")
    next(toggle for toggle in test.toggle if toggle.label == "conv2").set_value(True)
    start_button(test).click().run()  # both presses come in one message
    made = {run.spec["strategy"]["kind"]: run.spec for run in open_store().find()}
    assert made["fine_tune"]["strategy"]["frozen"] == ["conv2"]


def test_a_second_press_on_start_while_the_same_training_goes_on_is_none():
    test = app("train")
    for _ in range(3):
        start_button(test).click().run()
    assert len(open_store().find()) == 3, "one run and its two baselines"


def test_another_training_beside_one_that_goes_on_is_said_and_can_be_stopped():
    test = app("train")
    start_button(test).click().run()
    first = test.session_state["train.run"]
    press_lock(test, "conv1")
    start_button(test).click().run()
    assert "still trains and shares the processor" in text_of(test)
    next(button for button in test.button if button.label == "Stop it").click().run()
    assert open_store().get(first).status == "stopped"
    assert "still trains" not in text_of(test)


def test_a_link_with_only_a_run_brings_that_run_s_settings():
    spec = parse_spec({}, ["strategy.kind=cdan", "training.steps=2500", "seed=3"])
    run = open_store().create(spec)
    test = app("train", run=run)
    assert test.session_state["train.spec"] == spec
    assert test.session_state["train.run"] == run


def test_a_lambda_slider_of_the_form_acts_on_the_run_that_is_shown():
    store = open_store()
    test = app("train", strategy__kind="joint")
    start_button(test).click().run()
    run = test.session_state["train.run"]
    assert "act at once" in text_of(test)
    next(slider for slider in test.slider if "photographs" in slider.label).set_value(1.5).run()
    assert store.pop_commands(run) == [Command("set", f"lambda/{TARGET}/digit", 1.5)]
    next(box for box in test.number_input if box.label == "Learning rate").set_value(0.01).run()
    assert store.pop_commands(run) == [Command("set", "lr", 0.01)]
    store.update(run, status=FINISHED)
    next(slider for slider in test.slider if "photographs" in slider.label).set_value(1.0).run()
    assert store.pop_commands(run) == []
    assert "act at once" not in text_of(test)


def test_baselines_that_were_started_with_a_run_pause_and_stop_with_it():
    store = open_store()
    test = app("train")
    start_button(test).click().run()
    for label, status in (("Pause", "paused"), ("Resume", "queued")):
        next(button for button in test.button if button.label == label).click().run()
        assert {run.status for run in store.find()} == {status}


def test_what_can_follow_is_one_press_away():
    store = open_store()
    run = finished_run(store, parse_spec({}, ["strategy.kind=joint"]), 0.7)
    labels = [link.label for link in app("train", run=run).get("page_link")]
    assert labels[-5:] == ["Inspect", "Try it", "Export", "Compare this", "Sweep a λ: what does each value give?"]
    before = [link.label for link in app("train").get("page_link")]
    assert before[-1:] == ["Compare this"]


def test_the_order_of_a_link_does_not_matter():
    test = app("train", training__optimizer__lr="0.05", training__optimizer__kind="sgd")
    assert test.session_state["train.spec"].training.optimizer == SGD(lr=0.05)


# ---------------------------------------------------------------------- compare


def links(test: AppTest, page: str) -> list[str]:
    """The labels of links to a page."""
    return [link.proto.label for link in test.get("page_link") if link.proto.page == page]


def test_the_list_names_what_was_asked_and_what_came_of_it():
    store = open_store()
    run = finished_run(store, parse_spec({}, ["seed=3"]), 0.73)
    store.create(RunSpec(), name="[waits](x)")
    assert (SOURCE, TARGET) == ("digits.handwritten", "digits.photo")
    waits, done = links(app("compare", view="runs"), "run")
    assert done.startswith(
        "**Fine-tuning** :gray[Handwritten digits → Digits on photographs · 5 labels per class · seed 3"
    )
    assert done.endswith("**73.0 %**")
    assert waits.startswith("**\\[waits\\](x)**"), "names are text"
    assert waits.endswith(":gray-badge[queued] **–**")
    (link,) = [link for link in app("compare", view="runs").get("page_link") if "73.0" in link.proto.label]
    assert run in link.proto.query_string


def test_the_list_is_searched_and_filtered():
    store = open_store()
    for kind, seed in (("fine_tune", 1), ("joint", 2), ("joint", 3)):
        finished_run(
            store, parse_spec({}, [f"strategy.kind={kind}", f"seed={seed}", "training.steps=70"]), 0.5 + seed / 10
        )
    store.create(parse_spec({}, ['problem.target=["digits.noisy"]']))
    test = app("compare", view="runs")

    def box(label: str):
        return next(each for each in [*test.text_input, *test.multiselect, *test.selectbox] if each.label == label)

    assert len(links(test, "run")) == 4
    box("Search").set_value("seed 2 JOINT").run()
    assert ["seed 2" in label for label in links(test, "run")] == [True]
    box("Search").set_value("steps: 70").run()
    box("Order").set_value("best").run()
    assert [label.split("**")[-2] for label in links(test, "run")] == ["80.0 %", "70.0 %", "60.0 %"]
    box("Method").set_value(["joint"]).run()
    assert len(links(test, "run")) == 2
    box("Method").set_value([]).run()
    box("Search").set_value("").run()
    box("Domain").set_value(["digits.noisy"]).run()
    assert len(links(test, "run")) == 1
    box("Domain").set_value([]).run()
    box("State").set_value(["finished"]).run()
    assert len(links(test, "run")) == 3
    box("Search").set_value("zebra").run()
    assert "No run matches." in text_of(test)


def test_an_experiment_is_one_entry_until_it_is_opened():
    store = open_store()
    experiment = empty_experiment("help")
    for seed in range(3):
        finished_run(store, parse_spec({}, [f"seed={seed}"]), 0.7, experiment)
    finished_run(store, parse_spec({}, ["seed=9"]), 0.7)
    test = app("compare", view="runs")
    assert len(links(test, "run")) == 1
    (fold,) = [each for each in test.expander if "Does transfer help?" in each.label]
    assert "3 runs · Handwritten digits → Digits on photographs · 3 finished" in fold.label
    next(field for field in test.text_input if field.label == "Search").set_value("transfer seed 1").run()
    assert len(links(test, "run")) == 1, "what is searched for is unfolded"
    next(button for button in test.button if button.label == "Open the experiment").click().run()
    assert not test.exception
    assert "### Does transfer help?" in text_of(test)
    assert test.query_params["experiment"] == experiment


def test_many_runs_come_in_pages():
    store = open_store()
    for seed in range(60):
        store.create(parse_spec({}, [f"seed={seed}"]))
    test = app("compare", view="runs")
    assert len(links(test, "run")) == 25
    assert "60 runs." in text_of(test)


def test_selected_runs_stay_selected_are_compared_and_deleted():
    store = open_store()
    runs = [finished_run(store, parse_spec({}, [f"seed={seed}"]), 0.7) for seed in range(3)]
    test = app("compare", view="runs")

    def press(label: str) -> None:
        next(button for button in test.button if button.label == label).click().run()
        assert not test.exception

    test.checkbox(key=f"select.{runs[0]}").check().run()
    assert "**1 selected**" in text_of(test)
    finished_run(store, parse_spec({}, ["seed=9"]), 0.7)  # somebody else's: no selection slips
    test.checkbox(key=f"select.{runs[2]}").check().run()
    assert "**2 selected**" in text_of(test)
    press("Compare")
    assert "**What differs**" in text_of(test)
    assert test.query_params["runs"] == f"{runs[0]},{runs[2]}"
    press("All runs")
    assert test.checkbox(key=f"select.{runs[0]}").value
    press("Delete")
    assert [run.id for run in store.find()][1:] == [runs[1]]


def test_a_link_compares_runs_and_says_which_are_not_here():
    run = finished_run(open_store(), RunSpec(), 0.7)
    test = app("compare", view="runs", runs=f"{run},nobody")
    assert not test.exception
    assert "1 of these runs is not in this installation." in text_of(test)


def test_what_is_drawn_live_can_be_read_as_a_table():
    store = open_store()
    run = finished_run(store, RunSpec(), 0.73)
    store.append(run, [(1, "loss/total", 1, 2.0), (2, "loss/total", 2, 1.0), (3, "lr", 1, 0.01)])
    test = app("run", run=run)
    next(toggle for toggle in test.toggle if toggle.label == "The numbers").set_value(True).run()
    assert not test.exception
    table = next(frame.value for frame in test.dataframe if "loss/total" in frame.value.columns)
    assert table["loss/total"].tolist() == [2.0, 1.0]
    assert table["lr"].isna().tolist() == [False, True]


# ---------------------------------------------------------------------- a run's page


def test_the_head_of_a_run_says_what_was_asked_and_what_came_of_it():
    store = open_store()
    settings = ['strategy.frozen=["conv1"]', "training.steps=120", "seed=7", "problem.labels_per_class=20"]
    run = finished_run(store, parse_spec({}, settings), 0.73)
    finished_run(store, parse_spec({}, [*settings[1:], "strategy.kind=target_only"]), 0.5)
    store.rename(run, "mine")
    said = text_of(app("run", run=run))
    assert "**Handwritten digits → Digits on photographs** · Fine-tuning · 20 labels per class · seed 7" in said
    assert f"· {run}" in said
    assert "Not at the default: Frozen layers: conv1 · Steps: 120" in said
    assert "**mine** got **73 of 100**" in said
    for view in ("inside", "try", "home"):
        assert "**mine** got **73 of 100**" in text_of(app("run", run=run, view=view)), "the number is first everywhere"


def test_a_run_at_its_defaults_lists_none():
    assert "Not at the default" not in text_of(app("run", run=finished_run(open_store(), RunSpec(), 0.73)))


@pytest.mark.parametrize(
    ("preset", "label"),
    [("help", "Experiment: Does transfer help?"), ("race", "The race"), ("train", None), ("", None)],
)
def test_a_run_leads_back_to_where_it_is_from(preset, label):
    experiment = empty_experiment(preset) if preset else ""
    test = app("run", run=finished_run(open_store(), RunSpec(), 0.73, experiment))
    links = [link.proto.label for link in test.get("page_link")]
    assert links[:-1] == [*([label] if label else []), "All runs"], "and last the one to Train"


def test_a_run_is_renamed_and_deleted_on_its_page():
    store = open_store()
    run = finished_run(store, RunSpec(), 0.73)
    test = app("run", run=run)
    next(field for field in test.text_input if field.label == "New name").set_value("other").run()
    assert store.get(run).name == "other"
    next(button for button in test.button if button.label == "Delete").click().run()
    assert not test.exception
    assert not store.find()


def test_what_trains_says_where_its_result_will_stand_and_cannot_be_deleted():
    store = open_store()
    test = app("run", run=store.create(RunSpec(), status=RUNNING))
    assert "The result appears here when training has ended." in text_of(test)
    assert next(one for one in test.get("popover") if one.proto.popover.label == "Delete…").proto.popover.disabled


def test_an_old_address_does_not_take_a_run_s_page_back():
    store = open_store()
    runs = [finished_run(store, parse_spec({}, [f"seed={seed}"]), 0.7) for seed in (1, 2)]
    test = app("run", run=runs[0])
    test.query_params["run"], test.query_params["view"] = runs[1], "export"
    test.run()
    assert f"· {runs[0]}" in text_of(test)
    assert test.query_params["view"] == "live"


@pytest.mark.parametrize(("old", "new"), [("watch", "live"), ("inside", "inspect"), ("home", "export")])
def test_the_words_of_old_links_to_a_run_are_still_read(old, new):
    run = finished_run(open_store(), RunSpec(), 0.7)
    test = app("run", run=run, view=old)
    assert not test.exception
    assert test.query_params["view"] == new
