"""The lease: one process serves the queue at a time, and whether it does is seen by what it does."""

from __future__ import annotations

import multiprocessing
import time

import pytest

from xfer_core.runs import lease as module
from xfer_core.runs.lease import Held, LeaseLost, Watch, new_owner
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import QUEUED, RUNNING, Store


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    """The observer's own clock, set by hand."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_a_lease_is_taken_renewed_and_released(store):
    assert store.lease() == Held("", -1)
    assert store.take_lease("one", Held("", -1))
    assert store.lease() == Held("one", 0)
    store.renew_lease("one")
    assert store.lease() == Held("one", 1)
    store.release_lease("two")
    assert store.lease() == Held("one", 1), "only its owner can let it go"
    store.release_lease("one")
    assert store.lease() == Held("", 2)
    with pytest.raises(LeaseLost):
        store.renew_lease("one")


def test_what_was_renewed_or_taken_meanwhile_is_not_taken(store):
    store.take_lease("one", store.lease())
    seen = store.lease()
    store.renew_lease("one")
    assert not store.take_lease("two", seen)
    assert not store.take_lease("two", Held("", -1)), "nobody is the first twice"
    assert store.take_lease("two", store.lease())
    with pytest.raises(LeaseLost):
        store.renew_lease("one")
    assert not store.take_lease("three", seen)
    assert store.lease().owner == "two"


def test_who_lost_the_lease_changes_no_run(store):
    """As a dispatcher that was asleep finds it when it wakes."""
    store.take_lease("one", store.lease())
    run = store.create(RunSpec())
    store.take_lease("two", store.lease())
    with pytest.raises(LeaseLost):
        store.transition(run, (QUEUED,), RUNNING, "one")
    assert store.get(run).status == QUEUED
    assert store.transition(run, (QUEUED,), RUNNING, "two")


def test_a_lease_that_is_not_renewed_runs_out_by_the_observers_own_clock(store, clock, monkeypatch):
    store.take_lease(new_owner(), store.lease())  # of this process, which lives
    watch = Watch(store.lease)
    assert watch.served() is None
    monkeypatch.setattr(time, "time", lambda: 0.0)  # whatever the wall clock says
    clock[0] += module.LEASE_SECONDS
    assert watch.served() is None
    clock[0] += 0.1
    assert watch.served() is False


def test_a_renewal_shows_that_the_queue_is_served(store, clock):
    owner = new_owner()
    store.take_lease(owner, store.lease())
    watch = Watch(store.lease)
    watch.served()
    store.renew_lease(owner)
    clock[0] += 100  # nobody looked
    assert watch.served() is True
    clock[0] += module.LEASE_SECONDS
    assert watch.served() is True
    clock[0] += 0.1
    assert watch.served() is False
    store.renew_lease(owner)
    assert watch.served() is True, "it was held up, and nobody took its place"


def test_a_new_owner_is_watched_anew(store, clock):
    first, second = new_owner(), new_owner()
    store.take_lease(first, store.lease())
    watch = Watch(store.lease)
    watch.served()
    store.renew_lease(first)
    assert watch.served() is True
    store.take_lease(second, store.lease())
    assert watch.served() is None
    store.release_lease(second)
    assert watch.served() is False


def test_a_process_that_is_gone_holds_nothing(store):
    place, pid, start = new_owner().partition("#")[0].rsplit(":", 2)
    store.take_lease(f"{place}:{pid}:{float(start) - 1:.0f}#abcd", store.lease())
    assert Watch(store.lease).served() is False, "its number belongs to another process now"


def _race(url: str, barrier, won) -> None:
    store, owner = Store(url), new_owner()
    seen = store.lease()
    barrier.wait()
    if store.take_lease(owner, seen):
        with won.get_lock():
            won.value += 1


@pytest.mark.parametrize("before", [False, True], ids=["nobody before", "a stale one"])
def test_of_many_who_take_it_at_once_one_has_it(store, url, before):
    if before:
        store.take_lease("stale", store.lease())
    store.engine.dispose()
    context = multiprocessing.get_context("fork")
    barrier, won = context.Barrier(6), context.Value("i", 0)
    racers = [context.Process(target=_race, args=(url, barrier, won)) for _ in range(6)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(30)
    assert won.value == 1
