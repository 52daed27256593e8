"""The run store over SQLite: nothing is lost, nothing is told twice, and the schema is what the code says."""

from __future__ import annotations

import math
import time

import pytest
import sqlalchemy as sa

from tests.support.training import event
from xfer_core.errors import XferError
from xfer_core.runs import schema
from xfer_core.runs import store as store_module
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import (
    FAILED,
    FINISHED,
    INTERRUPTED,
    PAUSED,
    QUEUED,
    RUNNING,
    STOPPED,
)
from xfer_core.strategies.joint.joint import Joint
from xfer_core.training import Command

STATUSES = (QUEUED, RUNNING, PAUSED, FINISHED, STOPPED, FAILED, INTERRUPTED)


@pytest.fixture
def run(store) -> str:
    return store.create(RunSpec())


def refusal(call, *args, **kwargs) -> XferError:
    with pytest.raises(XferError) as caught:
        call(*args, **kwargs)
    assert str(caught.value)
    return caught.value


# ---------------------------------------------------------------------- runs


def test_a_new_run_is_queued_and_keeps_what_was_asked(store):
    spec = RunSpec(strategy=Joint(weights={"digits.photo/digit": 0.5}), seed=3)
    before = time.time()
    made = store.get(store.create(spec))
    assert made.typed_spec == spec
    assert (made.name, made.experiment, made.status, made.digest) == ("Joint learning", "", QUEUED, spec.digest())
    assert before <= made.created <= time.time()
    assert made.result is made.reason is made.started is made.target_metric is None
    assert store.get(store.create(spec, name="mine", experiment="b1", status=PAUSED)).name == "mine"


def test_finding_filters_and_puts_the_newest_first(store):
    one = store.create(RunSpec(), experiment="b")
    two = store.create(RunSpec(seed=1), experiment="b")
    three = store.create(RunSpec(), status=FINISHED)
    assert [found.id for found in store.find()] == [three, two, one]
    assert [found.id for found in store.find(limit=1)] == [three]
    assert [found.id for found in store.find(experiment="b")] == [two, one]
    assert [found.id for found in store.find(statuses=(FINISHED, FAILED))] == [three]
    assert [found.id for found in store.find(digest=RunSpec().digest())] == [three, one]
    assert [found.id for found in store.find(ids=[one, "nobody"])] == [one]
    assert [found.id for found in store.find(ids=[one, three], experiment="b")] == [one]
    assert store.find(ids=[]) == store.find(statuses=[]) == []


def test_runs_made_together_keep_their_order(store):
    wanted = [(RunSpec(seed=i), f"run {i}") for i in range(5)]
    made = store.create_many(wanted, experiment="race")
    found = store.find(experiment="race")
    assert [run.id for run in found[::-1]] == made
    assert [run.name for run in found[::-1]] == [name for _, name in wanted]


def test_an_unknown_run_is_refused(store):
    for call, *args in ((store.get,), (store.command, "stop")):
        error = refusal(call, "nobody", *args)
        assert (error.code, error.field, error.value) == ("unknown_run", "run", "nobody")
    assert refusal(store.delete, ["nobody"]).code == "unknown_run"


def test_renaming(store, run):
    for given, kept in (("  a name ", "a name"), ("x" * 300, "x" * 200), ("  ", "—")):
        store.rename(run, given)
        assert store.get(run).name == kept


def test_deleting_forgets_everything_and_only_that(store, run):
    other = store.create(RunSpec(), status=FINISHED)
    for each in (run, other):
        store.append(each, [(1, "lr", 0, 0.1)], [event(2)])
    store.transition(run, (QUEUED,), RUNNING)
    store.command(run, "pause")
    assert refusal(store.delete, [other, run]).code == "not_in_status"
    assert store.get(other)
    store.transition(run, (RUNNING,), STOPPED)
    store.delete([run])
    assert refusal(store.get, run).code == "unknown_run"
    with store.engine.connect() as connection:
        for table in (schema.scalars, schema.events, schema.commands):
            assert set(connection.execute(sa.select(table.c.run)).scalars()) <= {other}
    assert len(store.updates_since(other).points) == 1


@pytest.mark.parametrize("status", STATUSES)
def test_only_what_lives_cannot_be_deleted(store, status):
    run = store.create(RunSpec(), status=status)
    if status in (QUEUED, RUNNING):
        assert refusal(store.delete, [run]).value == status
    else:
        store.delete([run])
        assert store.find() == []


# ---------------------------------------------------------------------- scalars, events, cursors


def test_after_gives_each_thing_once_in_order_late_points_too(store, run):
    assert store.updates_since(run) == store_module.RunUpdate(0, [], [])
    store.append(run, [(1, "loss/total", 10, 2.0), (2, "loss/total", 11, 1.5)], [event(3, 11, name="target")])
    news = store.updates_since(run)
    assert (news.seq, news.points) == (3, [("loss/total", 10, 2.0), ("loss/total", 11, 1.5)])
    assert news.events == [event(3, 11, name="target")]
    store.append(run, [(4, "accuracy/a/b/validation", 10, 0.5)])  # measured after the loss of step 11
    late = store.updates_since(run, news.seq)
    assert (late.seq, late.points, late.events) == (4, [("accuracy/a/b/validation", 10, 0.5)], [])
    assert store.updates_since(run, 4) == store_module.RunUpdate(4, [], [])
    assert store.updates_since(run, 1).points == [("loss/total", 11, 1.5), ("accuracy/a/b/validation", 10, 0.5)]
    assert store.updates_since(store.create(RunSpec())).points == []


@pytest.mark.parametrize("value", [0.1, -1e300, 5e-324, 1 / 3, math.inf, -math.inf, math.nan])
def test_every_value_survives(store, run, value):
    store.append(run, [(1, "loss/total", 1, value)])
    ((_, _, kept),) = store.updates_since(run).points
    assert kept == value or (math.isnan(kept) and math.isnan(value))


def test_what_is_written_between_two_reads_is_not_skipped(store, run):
    """The reader asks for points, the writer adds a point and an event, the reader asks for events."""
    store.append(run, [(1, "lr", 0, 0.1)])
    plans = [lambda: store.append(run, [(2, "lr", 1, 0.2)], [event(3)])]

    def interfere(connection, cursor, statement, *_):
        if "FROM scalars" in statement and "ORDER BY" in statement and plans:
            plans.pop()()

    sa.event.listen(store.engine, "after_cursor_execute", interfere)
    first = store.updates_since(run)
    second = store.updates_since(run, first.seq)
    assert [point[1] for point in first.points + second.points] == [0, 1]
    assert len(first.events + second.events) == 1


def test_an_append_is_all_or_nothing(store, run):
    store.append(run, [(1, "lr", 0, 0.1)], status=RUNNING, progress={"step": 1})
    assert (store.get(run).status, store.get(run).progress) == (RUNNING, {"step": 1})
    with pytest.raises(sa.exc.IntegrityError):
        store.append(run, [(2, "lr", 1, 0.1), (1, "lr", 2, 0.1)], status=FINISHED)
    assert store.updates_since(run).seq == 1
    assert store.get(run).status == RUNNING


def test_rewinding_forgets_what_will_come_again_and_gives_no_number_twice(store, run):
    assert store.truncate_after(run, 0) == 0
    points = [(1, "lr", 0, 0.1), (2, "loss/total", 5, 1.0), (3, "loss/total", 6, 0.9), (4, "accuracy/a/b/test", 5, 1.0)]
    store.append(run, points, [event(5, 0), event(6, 5), event(7, 6), event(8, 6, "set", name="lr", value=0.5)])
    reader = store.updates_since(run).seq
    last = store.truncate_after(run, 5)
    assert (reader, last) == (8, 9), "the event that tells readers so takes the next number"
    left = store.updates_since(run)
    assert left.points == [("lr", 0, 0.1), ("loss/total", 5, 1.0)]
    assert [e["seq"] for e in left.events] == [5, 6, 8, 9], "what people set stays, for it is replayed"
    assert [(e["kind"], e["step"]) for e in store.updates_since(run, reader).events] == [("resumed", 5)]
    assert store.truncate_after(run, 0) == 10, "even if nothing was told in between"
    assert store.updates_since(run).points == [("lr", 0, 0.1)]
    store.append(run, [(11, "loss/total", 1, 0.9)])
    assert store.updates_since(run, last).points == [("loss/total", 1, 0.9)]


# ---------------------------------------------------------------------- commands

DONE = {  # command → status → what becomes of it: a new status, or "sent" to the worker, or refused
    "pause": {QUEUED: PAUSED, RUNNING: "sent"},
    "resume": {PAUSED: QUEUED, FAILED: QUEUED, INTERRUPTED: QUEUED},
    "stop": {QUEUED: STOPPED, PAUSED: STOPPED, RUNNING: "sent"},
    "set": {QUEUED: "sent", RUNNING: "sent", PAUSED: "sent"},
}


@pytest.mark.parametrize("kind", DONE)
@pytest.mark.parametrize("status", STATUSES)
def test_what_can_be_asked_in_which_status(store, kind, status):
    run = store.create(RunSpec(), status=status)
    store.update(run, ended=1.0, reason={"code": "crashed"})
    outcome = DONE[kind].get(status)
    if outcome is None:
        error = refusal(store.command, run, kind, "lr", 0.5)
        assert (error.code, error.field, error.value) == ("not_in_status", kind, status)
        assert set(error.params["allowed"]) == set(DONE[kind])
    else:
        store.command(run, kind, "lr", 0.5)
    sent = outcome == "sent"
    assert store.get(run).status == (status if sent or outcome is None else outcome)
    assert store.pop_commands(run) == ([Command(kind, "lr", 0.5)] if sent else [])
    if outcome == QUEUED:
        assert store.get(run).ended is store.get(run).reason is None
    if outcome == STOPPED:
        assert store.get(run).ended > 1.0


def test_commands_are_handed_out_once_in_order_and_to_their_run(store):
    one, other = (store.create(RunSpec(), status=RUNNING) for _ in range(2))
    for value in (0.1, 0.2):
        store.command(one, "set", "lambda/digits.photo/digit", value)
    store.command(other, "stop")
    assert store.pop_commands(one) == [
        Command("set", "lambda/digits.photo/digit", 0.1),
        Command("set", "lambda/digits.photo/digit", 0.2),
    ]
    assert store.pop_commands(one) == []
    assert store.stop_requested(other)
    assert store.pop_commands(other) == [Command("stop")]
    assert store.stop_requested(other) is None


def test_a_resumed_run_hears_no_stop_that_its_earlier_life_missed(store):
    run = store.create(RunSpec(), status=RUNNING)
    store.command(run, "stop")
    store.command(run, "set", "lr", 0.25)
    store.transition(run, (RUNNING,), FAILED)
    store.command(run, "resume")
    assert store.stop_requested(run) is None
    assert store.pop_commands(run) == [Command("set", "lr", 0.25)], "what a person set is not lost"


def test_only_one_of_two_takes_a_run(store, run):
    assert store.transition(run, (QUEUED,), RUNNING, pid=1) is True
    assert store.transition(run, (QUEUED,), RUNNING, pid=2) is False
    assert (store.get(run).status, store.get(run).pid) == (RUNNING, 1)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("lambda/nobody", 0.5, "unknown_choice"),
        ("lambda/digits.photo/digit", -0.5, "negative"),
        ("lambda/digits.photo/digit", math.nan, "not_finite"),
        ("lr", 0.0, "not_above"),
    ],
)
def test_a_knob_that_the_run_lacks_or_could_not_take_is_refused(store, name, value, code):
    run = store.create(RunSpec(), status=RUNNING)
    assert refusal(store.command, run, "set", name, value).code == code
    assert store.pop_commands(run) == []


def test_renaming_an_unknown_run_is_refused(store):
    assert refusal(store.rename, "zzz", "name").code == "unknown_run"


# ---------------------------------------------------------------------- who may write

WRITES = {
    "append": lambda store, run, by: store.append(run, [(2, "lr", 2, 0.1)], [event(3, 2)], by=by, progress={"step": 2}),
    "end": lambda store, run, by: store.append(run, by=by, status=FINISHED),
    "truncate_after": lambda store, run, by: store.truncate_after(run, 0, by),
    "pop_commands": lambda store, run, by: store.pop_commands(run, by),
}


@pytest.mark.parametrize("kind", WRITES)
@pytest.mark.parametrize("token", ["new", None], ids=["another one trains it", "nobody trains it"])
def test_a_worker_whose_run_was_given_to_another_writes_nothing(store, kind, token):
    run = store.create(RunSpec(), status=RUNNING)
    store.update(run, token="old")
    store.append(run, [(1, "lr", 1, 0.1)], by="old", progress={"step": 1})
    store.command(run, "stop")
    store.update(run, token=token)
    before = store.get(run), store.updates_since(run)
    assert refusal(WRITES[kind], store, run, "old").code == "superseded"
    assert not store.transition(run, (RUNNING,), FAILED, by="old")
    assert (store.get(run), store.updates_since(run)) == before
    assert store.stop_requested(run), "whoever trains it now hears that"
    WRITES[kind](store, run, token)


def test_whatever_changes_the_status_takes_the_run_from_its_worker(store):
    run = store.create(RunSpec(), status=RUNNING)
    store.update(run, token="t")
    assert store.transition(run, (RUNNING,), QUEUED, by="t")
    assert store.get(run).token is None
    assert store.transition(run, (QUEUED,), RUNNING, token="u")
    assert store.get(run).token == "u"
