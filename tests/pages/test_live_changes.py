"""What a person changes while a run trains is in its recipe: the recipe gives the same numbers again."""

from __future__ import annotations

import json

import pytest

from tests.support.experiments import finish_runs, queue_experiment
from tests.support.pages import app
from tests.support.training import trainer
from xfer_core.errors import XferError
from xfer_core.execution.worker import run_here
from xfer_core.experiments.plan import plan_to_compare
from xfer_core.exports.live_changes import with_changes
from xfer_core.exports.recipe import recipe_text
from xfer_core.runs.spec import RunSpec, parse_spec, spec_settings
from xfer_core.runs.store import FINISHED, RUNNING, open_store
from xfer_core.strategies import Joint
from xfer_core.training.callback import Command, NullCallback
from xfer_core.training.config import LiveChange, TrainingConfig

SMALL = ["strategy.kind=joint", "training.steps=12", "training.batch_size=8", "network.width=4", "training.device=cpu"]
CHANGES = [{"step": 3, "name": "lambda/digits.photo/digit", "value": 2.5}, {"step": 7, "name": "lr", "value": 0.0004}]


class Turning(NullCallback):
    """Somebody who turns knobs at given steps, and notes what was told."""

    def __init__(self, changes=()) -> None:
        self.changes = {change["step"]: change for change in changes}
        self.points, self.told, self.trainer = [], [], None

    def commands(self):
        change = self.changes.pop(self.trainer.step, None)
        return [] if change is None else [Command("set", change["name"], change["value"])]

    def on_event(self, kind, step, **details):
        if kind == "set":
            self.told.append((step, details["name"], details["value"]))

    def on_metrics(self, points, progress):
        self.points += [point for point in points if point[0] != "samples_per_second"]


def ran(observer: Turning, **settings) -> Turning:
    training = TrainingConfig(steps=12, batch_size=8, device="cpu", evaluations=12, **settings)
    observer.trainer = trainer(Joint(), training=training, callback=observer)
    observer.trainer.run()
    return observer


def test_a_recipe_with_changes_gives_the_very_numbers_of_the_run_that_was_changed():
    by_hand = ran(Turning(CHANGES))
    again = ran(Turning(), live_changes=CHANGES)
    assert again.points == by_hand.points
    assert again.told == by_hand.told == [(3, "lambda/digits.photo/digit", 2.5), (7, "lr", 0.0004)]
    assert by_hand.points != ran(Turning()).points, "the changes change something"


def test_a_spec_that_nobody_changed_is_written_and_numbered_as_before():
    assert RunSpec().digest() == "1dac08131d000d31", "of the version before there were changes in a recipe"
    assert "live_changes" not in json.dumps(RunSpec().model_dump(mode="json"))


def changed_run() -> str:
    """A run in the store, trained by a worker, that was changed at steps 3 and 7."""
    store = open_store()
    run = store.create(parse_spec({}, SMALL), status=RUNNING)
    waiting = {change["step"]: change for change in CHANGES}

    def listen(progress) -> None:
        if change := waiting.pop(progress["step"], None):
            store.command(run, "set", change["name"], change["value"])

    run_here(store, run, 1, listener=listen)
    return run


def test_the_recipe_of_a_changed_run_gives_its_result_and_tells_its_changes_once(every_step):
    store, run = open_store(), changed_run()
    asked = store.get(run).spec
    recipe = json.loads(recipe_text(store, store.get(run)))
    told = [event["details"] for event in store.events(run, "set")]
    assert len(told) == 2
    assert recipe["training"].pop("live_changes") == [
        {"step": event["step"], **event["details"]} for event in store.events(run, "set")
    ]
    assert recipe == asked
    again = store.create(with_changes(store, store.get(run)), status=RUNNING)
    run_here(store, again, 1)
    assert store.get(again).status == FINISHED
    assert store.get(again).result["metrics"] == store.get(run).result["metrics"]
    assert [event["details"] for event in store.events(again, "set")] == told
    assert json.loads(recipe_text(store, store.get(again)))["training"]["live_changes"], "and its recipe has them too"
    assert store.changed_by_hand([run, again]) == {run, again}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"step": 1, "name": "lambda/nowhere/digit", "value": 1}, "training.live_changes must be one of"),
        ({"step": 1, "name": "lr", "value": 0}, "lr must be above 0"),
        ({"step": -1, "name": "lr", "value": 1}, "step must be at least 0"),
        ({"step": 1, "name": "lr", "value": float("nan")}, "value must be"),
    ],
)
def test_a_change_that_cannot_be_is_one_sentence(change, said):
    with pytest.raises(XferError) as caught:
        parse_spec({"training": {"live_changes": [change]}}).check()
    assert said in str(caught.value)


def test_the_advice_for_a_change_that_does_not_fit_is_accepted():
    spec = parse_spec({"training": {"live_changes": [{"step": 1, "name": "lambda/x/y", "value": 1}]}})
    with pytest.raises(XferError) as caught:
        spec.check()
    spec.changed(caught.value.advice).check()


def test_train_takes_the_changes_over_and_can_leave_them_out():
    spec = parse_spec({"training": {"live_changes": CHANGES}}, SMALL)
    page = app("train", **{key.replace(".", "__"): value for key, value in spec_settings(spec).items()})
    assert not page.exception
    (toggle,) = [toggle for toggle in page.toggle if toggle.label == "Repeat the changes made by hand"]
    assert toggle.value
    assert any("learning rate = 0.0004 (step 7)" in caption.value for caption in page.caption)
    next(button for button in page.button if button.label == "Start training").click().run()
    (run,) = [run for run in open_store().find() if run.spec["strategy"]["kind"] == "joint"]
    assert [LiveChange(**change) for change in run.spec["training"]["live_changes"]] == [
        LiveChange(**change) for change in CHANGES
    ]
    others = [run for run in open_store().find() if run.spec["strategy"]["kind"] != "joint"]
    assert others
    assert not any("live_changes" in run.spec["training"] for run in others), "a baseline has no such λ"
    toggle.set_value(False).run()
    next(button for button in page.button if button.label == "Start training").click().run()
    assert not page.exception


def test_a_comparison_leaves_the_changes_of_one_method_out():
    spec = parse_spec({"training": {"live_changes": CHANGES}}, SMALL)
    for made, _arm in plan_to_compare(spec).experiment().specs():
        assert made.training.live_changes == ()
        made.check()


def test_an_experiment_says_which_runs_were_changed_by_hand():
    experiment, ids = queue_experiment(budgets=(5,), seeds=1)
    finish_runs(ids)
    event = {"seq": 9999, "step": 3, "kind": "set", "details": {"name": "lr", "value": 0.5}, "time": 1.0}
    open_store().append(ids[2], events=[event])
    page = app("compare", experiment=experiment)
    (warning,) = [warning.value for warning in page.warning]
    assert "changed by hand" in warning
    assert "Fine-tuning (seed 0)" in warning
