"""What every executor must hold, alone and under a dispatcher."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable

import pytest

from tests.support.executors import MemoryExecutor, sleep
from tests.support.runs import wait
from xfer_core.execution import dispatcher as module
from xfer_core.execution.dispatcher import Dispatcher
from xfer_core.execution.executors.base import Executor, Job
from xfer_core.execution.executors.local import LocalExecutor
from xfer_core.runs.schema import runs as table
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import FAILED, INTERRUPTED, PAUSED, QUEUED, RUNNING, Run, Store

JOB = Job("sqlite://", "a", 1, "t")


@pytest.fixture(params=["local", "memory"])
def executors(request):
    """Makes executors of one kind, each of which knows the workers of the others; ends the workers afterwards."""
    shared, made = {}, []

    def make() -> Executor:
        if request.param == "memory":
            return MemoryExecutor(shared)
        made.append(LocalExecutor(multiprocessing.get_context("spawn"), target=sleep))
        return made[-1]

    yield make
    for handle, child in [item for executor in made for item in executor.children.items()]:
        child.kill()
        child.join()
        assert len(handle) <= table.c.process.type.length


def test_a_worker_lives_until_it_is_stopped_and_others_stay(executors):
    executor = executors()
    one, other = executor.start(JOB), executor.start(JOB)
    assert one != other
    assert [executor.poll(handle) for handle in (one, other)] == [(True, None)] * 2
    executor.stop(one)
    wait(lambda: not (state := executor.poll(one)).alive and state.exit_code == -9)
    executor.stop(one)  # nothing is there any more
    assert executor.poll(one).alive is False
    assert executor.poll(other).alive


def test_an_executor_knows_the_workers_of_the_one_before_it(executors):
    before, after = executors(), executors()
    handle = before.start(JOB)
    assert after.poll(handle).alive
    after.stop(handle)
    wait(lambda: after.poll(handle).alive is False)


def test_a_worker_of_another_place_is_neither_alive_nor_dead(executors):
    executor = executors()
    assert executor.poll("elsewhere:7:7").alive is None
    executor.stop("elsewhere:7:7")


# ---------------------------------------------------------------------- under a dispatcher


@pytest.fixture
def dispatcher(store: Store, executors) -> Callable[[], Dispatcher]:
    """Makes the next dispatcher of the store, which takes the lease of the last."""

    def make() -> Dispatcher:
        made = Dispatcher(store, executors(), slots=2)
        assert store.take_lease(made.owner, store.lease())
        return made

    return make


def step(dispatcher: Dispatcher) -> None:
    """What the loop does, once; then each worker stores its handle, as it does when it begins."""
    dispatcher._collect_exits()
    dispatcher._tick()
    dispatcher._claim_next()
    for token, worker in dispatcher.workers.items():
        if dispatcher.store.find(ids=[worker.run])[0].token == token:
            dispatcher.store.append(worker.run, by=token, process=worker.handle)


def until(dispatcher: Dispatcher, run: str, good: Callable[[Run], object]) -> Run:
    """Run the loop until the row of this run is so."""

    def there() -> bool:
        step(dispatcher)
        return bool(good(dispatcher.store.get(run)))

    wait(there, run)
    return dispatcher.store.get(run)


def test_as_many_run_as_there_are_slots_and_the_oldest_first(store, dispatcher):
    serving, runs = dispatcher(), [store.create(RunSpec()) for _ in range(3)]
    step(serving)
    assert [store.get(run).status for run in runs] == [RUNNING, RUNNING, QUEUED]
    store.transition(runs[0], (RUNNING,), PAUSED)  # its worker is still leaving, and takes no slot
    until(serving, runs[2], lambda row: row.status == RUNNING)


def test_a_run_whose_worker_dies_gets_another_and_fails_after_the_third(store, dispatcher):
    serving, run = dispatcher(), store.create(RunSpec())
    seen = []
    for _ in range(module.ATTEMPTS):
        row = until(serving, run, lambda row: row.process not in (None, *seen) and row.status == RUNNING)
        seen.append(row.process)
        serving.executor.stop(row.process)
    row = until(serving, run, lambda row: row.status == FAILED)
    assert row.reason["code"] == "worker_died"
    assert row.reason["params"]["exit_code"] == -9
    assert serving.workers == {}


@pytest.mark.parametrize("again", [False, True], ids=["own", "adopted"])
def test_a_worker_that_does_not_obey_a_stop_is_ended(store, dispatcher, monkeypatch, again):
    serving, run = dispatcher(), store.create(RunSpec())
    step(serving)
    if again:
        serving = dispatcher()
    step(serving)
    handle = store.get(run).process
    store.command(run, "stop")
    step(serving)
    assert store.get(run).status == RUNNING, "it has time to obey"
    monkeypatch.setattr(module, "PATIENCE_SECONDS", -1.0)
    row = until(serving, run, lambda row: row.status == INTERRUPTED)
    assert row.reason["code"] == "silent_worker"
    wait(lambda: serving.executor.poll(handle).alive is False)


def test_the_next_dispatcher_adopts_what_lives_and_restarts_what_died(store, dispatcher):
    first = dispatcher()
    lives, dies = (store.create(RunSpec()) for _ in range(2))
    step(first)
    adopted = store.get(lives)
    first.executor.stop(store.get(dies).process)
    wait(lambda: first.executor.poll(store.get(dies).process).alive is False)

    second, waits = dispatcher(), store.create(RunSpec())
    until(second, dies, lambda row: row.status == RUNNING and row.process)
    assert store.get(dies).deaths == 1
    assert (store.get(lives).process, store.get(lives).token) == (adopted.process, adopted.token)
    assert store.get(waits).status == QUEUED, "what was adopted takes a slot"
    second.executor.stop(adopted.process)
    until(second, lives, lambda row: row.process not in (None, adopted.process))
