"""Own domains come and go: a new one can be chosen at once, and the runs of one that was forgotten still open."""

from __future__ import annotations

import pytest
import torch

from pages.streaming.tiles import tile_picture
from pages.widgets.domains import domain_tile
from tests.support.experiments import FOUR_METHODS, finish_run
from tests.support.pages import app, finished_run, text_of
from xfer_core.domains import Card, Domain, Task, load_domain, registry
from xfer_core.experiments.experiment import Experiment
from xfer_core.exports import available_files
from xfer_core.modalities import ImageInput
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import RUNNING, Store, open_store

CARD = Card("Leaves", "Own pictures of leaves.", "you", "yours", "uploaded")
CLASSES = tuple(map(str, range(10)))


def save(key: str, samples: int = 200, bright: int = 0) -> str:
    """Pictures with the task of the digits, so that they go with the built-in ones."""
    drawn = torch.randint(0, 50, (samples, 1, 16, 16), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    task = Task("digit", torch.arange(samples) % 10, load_domain("digits.photo").tasks["digit"].classes)
    own = registry().own
    assert own is not None
    own.save(Domain(key, CARD, key, drawn + bright, torch.arange(samples), {"digit": task}), ImageInput(1, 16, 16))
    return key


def forget(key: str) -> None:
    own = registry().own
    assert own is not None
    own.forget(key)


@pytest.fixture
def gone() -> tuple[Store, list[str]]:
    """Runs of each status on an own domain that was forgotten since."""
    key, store = save("own.leaves"), open_store()
    spec = parse_spec({}, ['problem.source=["own.leaves"]'])
    runs = [finished_run(store, spec.changed({"seed": seed}), 0.7) for seed in (0, 1)]
    runs += [store.create(spec.changed({"seed": 2}), status=RUNNING), store.create(spec.changed({"seed": 3}))]
    forget(key)
    return store, runs


VIEWS = ("watch", "inspect", "try", "export")


def test_a_new_own_domain_can_be_chosen_at_once_and_a_forgotten_one_no_more():
    test = app("train")
    before = {option for pills in test.button_group for option in pills.options}
    save("own.leaves")
    after = {option for pills in test.run().button_group for option in pills.options}
    assert any("Leaves" in option for option in after - before)
    forget("own.leaves")
    assert {option for pills in test.run().button_group for option in pills.options} == before


def test_a_domain_that_was_chosen_and_is_forgotten_leaves_train_usable():
    save("own.leaves")
    test = app("train", problem__source='["own.leaves"]')
    assert not test.exception
    forget("own.leaves")
    test.run()
    assert not test.exception
    assert "broke on an error" not in text_of(test)


def told(test) -> str:
    """All texts of a page that opened, and did not break on an error of its own."""
    assert not test.exception
    text = text_of(test)
    assert "broke on an error" not in text
    return text


@pytest.mark.parametrize("view", VIEWS)
def test_a_run_s_page_keeps_its_heading_and_says_what_is_missing(gone, view):
    _store, runs = gone
    for run in runs:
        text = told(app("run", run=run, view=view))
        assert "own.leaves (no longer here) → Digits on photographs" in text
        if view == "try":
            assert "domain must be a domain that is known here" in text
    assert "**70 of 100**" in told(app("run", run=runs[0], view=view)), "its result stays"


def test_a_run_s_curves_are_still_shown(gone):
    _store, runs = gone
    test = app("run", run=runs[0], view="live")
    assert "must be a domain" not in told(test)
    assert any(button.proto.label == "Recipe" for button in test.get("download_button"))


def test_export_names_the_files_that_need_the_domain(gone):
    store, runs = gone
    names, skipped = available_files(store.get(runs[0]))
    assert names == ["recipe.json", "curves.csv"]
    assert {(error.code, error.field) for error in skipped} >= {
        ("domain_gone", "report.html"),
        ("domain_gone", "data.npz"),
    }
    assert "report.html is left out, because a domain" in told(app("run", run=runs[0], view="export"))


def test_lists_and_compared_runs_are_whole_without_the_domain(gone):
    _store, runs = gone
    test = app("compare", view="runs")
    assert "4 runs." in told(test)
    assert sum("own.leaves" in one.proto.label for one in test.get("page_link")) == len(runs)
    assert "must be a domain" not in told(app("compare", view="runs", runs=",".join(runs)))


def test_an_experiment_on_a_forgotten_domain_shows_its_results():
    key = save("own.leaves")
    experiment = Experiment("help", parse_spec({}, [f'problem.source=["{key}"]']), FOUR_METHODS, (5,), (0, 1))
    begun = experiment.begin(store := open_store())
    for run in store.find(experiment=begun):
        finish_run(store, run.id, 0.7)
    forget(key)
    test = app("compare", experiment=begun)
    assert "must be a domain" not in told(test)
    assert test.get("plotly_chart")


def test_train_shows_a_run_without_its_domain(gone):
    _store, runs = gone
    for run in runs:
        test = app("train", run=run)
        assert not test.exception
        assert "broke on an error" not in text_of(test)
        assert any(button.label == "Start training" for button in test.button)


def test_the_link_of_a_forgotten_domain_is_answered_with_a_sentence():
    assert "must be a domain that is known here" in told(app("train", problem__source='["own.leaves"]'))


def test_a_domain_that_is_saved_anew_has_a_new_picture():
    save("own.leaves")
    before, row = tile_picture("own.leaves"), domain_tile("own.leaves")
    save("own.leaves", bright=150)
    assert tile_picture("own.leaves") != before
    assert domain_tile("own.leaves") != row, "the browser asks again"
