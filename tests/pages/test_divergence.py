"""When a training is said to have diverged, and when not."""

from __future__ import annotations

import math

import pytest

from tests.support.pages import app
from xfer_core.execution.worker import run_here
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import RUNNING, open_store
from xfer_core.training import divergence
from xfer_core.training.divergence import LAST, LossWatch

TERM, GUESSING = "digits.photo/digit", math.log(10)


def seen(*values: float, term: str = TERM) -> LossWatch:
    losses = LossWatch({"digit": 10})
    losses.update([(f"loss/{term}", step, value) for step, value in enumerate(values)], [term])
    return losses


@pytest.mark.parametrize(
    ("values", "diverged"),
    [
        ([2.3] + [0.01] * LAST, False),
        ([2.3] + [4e17] * LAST, True),
        ([2.3] + [9.9 * GUESSING] * LAST, False),
        ([2.3] + [10.1 * GUESSING] * LAST, True),
        ([2.3, 5000.0] + [0.5] * LAST, False),  # it found back
        ([2.3] + [0.5] * (LAST - 1) + [100.0], False),  # one bad batch
    ],
)
def test_the_end_counts_against_guessing(values, diverged):
    found = seen(*values).divergences(lambda term: 1.0)
    assert bool(found) == diverged
    if found:
        assert (found[0].domain, found[0].task, found[0].chance_loss) == ("digits.photo", "digit", GUESSING)


def test_what_has_no_weight_was_not_trained():
    assert not seen(*[1e9] * LAST).divergences(lambda term: 0.0)


def test_a_number_is_measured_against_its_first_step():
    assert not seen(50.0, *[300.0] * LAST, term="digits.photo/tilt").divergences(lambda term: 1.0)
    assert seen(50.0, *[501.0] * LAST, term="digits.photo/tilt").divergences(lambda term: 1.0)


def test_an_earlier_phase_does_not_count_and_a_checkpoint_keeps_what_was_seen():
    losses = seen(*[1e9] * LAST)
    again = LossWatch({"digit": 10})
    again.restore(losses.state())
    assert again.divergences(lambda term: 1.0) == losses.divergences(lambda term: 1.0) != []
    losses.begin_phase()
    assert not losses.divergences(lambda term: 1.0)


def test_a_run_that_diverged_says_so_instead_of_a_green_tick(monkeypatch):
    """At a rate of 10 the loss ends far above ln 10; how far depends on the processor."""
    monkeypatch.setattr(divergence, "TIMES", 2.0)
    store = open_store()
    spec = parse_spec({}, ["training.optimizer.lr=10", "training.steps=40", "training.batch_size=8", "network.width=4"])
    run = store.create(spec, status=RUNNING)
    run_here(store, run, 1)
    assert store.get(run).outcome == "diverged"
    page = app("run", run=run)
    assert not page.exception
    said = [warning.value for warning in page.warning]
    assert any("diverged: its loss ended far above what guessing would give" in text for text in said)
    assert any("The learning rate of 10 is too large" in text for text in said)


@pytest.mark.parametrize("more", [[], ['problem.tasks=["digit","tilt"]', "training.augment=[]"]])
def test_a_usual_run_is_no_divergence(more):
    store = open_store()
    spec = parse_spec({}, [*more, "training.steps=40", "training.batch_size=8", "network.width=4"])
    run = store.create(spec, status=RUNNING)
    run_here(store, run, 1)
    assert store.get(run).outcome == "finished"
    assert store.get(run).typed_spec == spec
