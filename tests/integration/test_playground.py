"""Runs that are played: they hold, step and go on, and what they learn is what any run learns."""

from __future__ import annotations

import asyncio
import json
import math
import threading
import time
from collections.abc import Callable

import pytest
from starlette.requests import Request

from pages.streaming import frames as frame_routes
from pages.streaming.frames import frame_stream, play_store
from xfer_core.execution import playground
from xfer_core.execution.playground import begin_play, end_play, play, playground_settings, playground_workspace
from xfer_core.execution.worker import run_here
from xfer_core.runs import frames
from xfer_core.runs.frames import read_frames
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import FAILED, FINISHED, PAUSED, QUEUED, RUNNING, STOPPED, Store
from xfer_core.settings import settings

STEPS = 60


@pytest.fixture
def spec() -> RunSpec:
    return parse_spec(
        {},
        (
            'problem.source=["planar.moons"]', 'problem.target=["planar.moons?rotate=40"]', "network.kind=mlp",
            "network.width=4", "strategy.kind=joint", f"training.steps={STEPS}", "training.precision=float32",
        ),
    )  # fmt: skip


@pytest.fixture
def store(monkeypatch) -> Store:
    monkeypatch.setattr(playground, "ensure_dispatcher", lambda _chosen: None)
    play_store.cache_clear()
    return play_store()


@pytest.fixture
def worker(store: Store, spec: RunSpec):
    """A run that is played in a thread, as its worker would train it, from its start on."""
    (run,) = begin_play(store, [(spec, "joint")], rate=10)
    assert store.transition(run, (QUEUED,), RUNNING)

    thread = threading.Thread(target=lambda: _train(store, run))
    thread.start()
    yield run
    if store.get(run).status == RUNNING:
        store.command(run, "stop")
    thread.join(30)
    assert not thread.is_alive()


def _train(store: Store, run: str) -> None:
    with playground_workspace().use():
        run_here(store, run, 1)


def until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def steps_of(run: str) -> list[int]:
    return [frame["step"] for frame in read_frames(playground_workspace().artifacts(run) / frames.FILE)[0]]


def test_a_run_holds_before_its_first_step_and_goes_step_by_step(worker: str, store: Store):
    until(lambda: steps_of(worker) == [0])
    time.sleep(0.2)
    assert steps_of(worker) == [0], "it waits to be played"
    for step in (1, 2, 3):
        play(store, [worker], 10, 1)
        until(lambda step=step: steps_of(worker)[-1] == step)
    time.sleep(0.2)
    assert steps_of(worker)[-1] == 3
    play(store, [worker], 10)
    until(lambda: store.get(worker).status == FINISHED)
    assert steps_of(worker)[-1] <= STEPS


def test_it_learns_what_any_run_of_its_spec_learns(worker: str, store: Store, spec: RunSpec):
    play(store, [worker], 10, 7)
    until(lambda: steps_of(worker)[-1:] == [7])
    store.command(worker, "speed", value=200)
    play(store, [worker], 10)
    until(lambda: store.get(worker).status == FINISHED)
    looks, _place = read_frames(playground_workspace().artifacts(worker) / frames.FILE)
    assert all(look["conflict"] and look["distance"] is not None for look in looks), "these were computed in between"
    alone = store.create(spec, status=RUNNING)
    with playground_workspace().use():
        run_here(store, alone, 1)
    assert store.curves([worker, alone], "loss/total")[worker] == store.curves([alone], "loss/total")[alone]
    first, second = (store.get(run).result for run in (worker, alone))
    assert first is not None
    assert second is not None
    assert first["metrics"] == second["metrics"]


def test_a_run_that_holds_hears_a_change_before_its_next_step(worker: str, store: Store):
    until(lambda: steps_of(worker) == [0])
    store.command(worker, "set", "lr", 0.0123)
    until(lambda: store.events(worker, "set"))
    play(store, [worker], 10, 1)
    until(lambda: steps_of(worker)[-1] == 1)
    assert [(event["step"], event["details"]) for event in store.events(worker, "set")] == [
        (0, {"name": "lr", "value": 0.0123})
    ]


def test_a_run_that_nobody_watches_is_paused_and_goes_on_when_played(worker: str, store: Store, monkeypatch):
    until(lambda: steps_of(worker) == [0])
    monkeypatch.setattr(frames, "LEFT_SECONDS", -frames.WATCHED_SECONDS - 1.0)
    until(lambda: store.get(worker).status == PAUSED)
    play(store, [worker], 10, 1, speed=50)
    row = store.get(worker)
    assert row.status == QUEUED
    told = [(one.kind, one.value) for one in store.pop_commands(worker)]
    assert told == [("allow", 1.0), ("speed", 50.0), ("frames", 10.0)], "a new worker knows nothing of its pace"


def test_a_run_whose_worker_died_holds_until_it_is_played(store: Store, spec: RunSpec):
    run = store.create(spec, status=RUNNING)
    folder = playground_workspace().artifacts(run)
    folder.mkdir(parents=True)
    (folder / frames.FILE).write_text('{"step":0}\n{"step":1,"boun')  # killed while it wrote
    thread = threading.Thread(target=lambda: _train(store, run))
    thread.start()
    until(lambda: store.get(run).progress)
    time.sleep(0.3)
    assert (store.get(run).progress or {})["step"] == 0
    assert steps_of(run) == [0]
    store.command(run, "stop")
    thread.join(30)
    assert store.get(run).status == STOPPED


def test_a_failed_run_that_is_stepped_holds_again(store: Store, spec: RunSpec):
    run = store.create(spec, status=FAILED)
    play(store, [run], 10, 3)
    assert store.get(run).status == QUEUED
    assert ("allow", 3.0) in [(one.kind, one.value) for one in store.pop_commands(run)]


def test_runs_that_are_gone_are_passed_over(store: Store, spec: RunSpec):
    ended = store.create(spec, status=FINISHED)
    play(store, ["0123456789abcdef", ended], 10)
    assert store.get(ended).status == FINISHED
    assert not store.pop_commands(ended)


def test_runs_that_are_not_shown_any_more_end(worker: str, store: Store, spec: RunSpec):
    waiting = store.create(spec)
    old = store.create(spec, status=STOPPED)
    store.update(old, created=0.0, ended=1.0)
    until(lambda: steps_of(worker) == [0])
    end_play(store, [worker, waiting])
    until(lambda: store.get(worker).status == STOPPED)
    assert store.get(waiting).status == STOPPED
    assert not store.find(ids=[old]), "deleted an hour after"


def test_the_playground_is_apart():
    assert playground_settings().database != settings().database
    assert playground_settings().environment()["XFER_THREADS"] == "1"
    assert int(playground_settings().environment()["XFER_SLOTS"]) >= 160, "40 visitors with four methods each"


async def read_some(run: str, after: int, enough: int) -> list[dict]:
    found: list[dict] = []
    async with asyncio.timeout(20):
        async for event in frame_stream({run: after}, 10.0):
            for line in event.splitlines():
                if line.startswith("data: "):
                    found.append(json.loads(line.removeprefix("data: ")))
            if sum(len(message.get("frames", [])) for message in found) >= enough:
                break
    return found


def test_the_stream_sends_every_frame_once_and_asks_for_more(worker: str, store: Store):
    until(lambda: steps_of(worker) == [0])
    play(store, [worker], 10, 1)
    until(lambda: steps_of(worker) == [0, 1])
    messages = asyncio.run(read_some(worker, -1, 2))
    assert {message["run"] for message in messages} == {worker}
    assert [frame["step"] for message in messages for frame in message["frames"]] == [0, 1]
    play(store, [worker], 10, 1)
    again = asyncio.run(read_some(worker, 1, 1))
    assert [frame["step"] for message in again for frame in message["frames"]] == [2], "only what is new"


def test_the_stream_of_runs_that_cannot_go_on_ends(store: Store, spec: RunSpec):
    run = store.create(spec, status=FINISHED)
    folder = playground_workspace().artifacts(run)
    folder.mkdir(parents=True)
    (folder / frames.FILE).write_text('{"step":7}\n')
    messages = asyncio.run(read_some(run, -1, 1000))
    assert [frame["step"] for message in messages for frame in message.get("frames", [])] == [7]
    assert asyncio.run(read_some("0123456789abcdef", -1, 1)) == [{}], "a run that is gone"


def test_a_stream_that_comes_back_before_the_first_frame_misses_none():
    event = frame_routes._event({"aa": -1, "bb": 3}, "bb", [])
    assert event.startswith("id: bb=3\n")


@pytest.mark.parametrize(("asked", "rate"), [("8", 8), ("1e9", 12), ("-1", 0.2), ("nan", 8), ("quick", 8), ("", 8)])
def test_any_rate_is_brought_within_what_is_possible(asked: str, rate: float):
    assert frame_routes._rate(asked) == rate
    assert math.isfinite(frame_routes._rate(asked))


@pytest.mark.parametrize("runs", ["", "../x", "a,b,c,d,e", "a" * 17])
def test_a_request_for_no_run_is_answered_with_the_rule(runs: str):
    request = Request({"type": "http", "query_string": f"runs={runs}".encode(), "headers": []})
    said = asyncio.run(frame_routes._frames(request))
    assert said.status_code == 400
    assert said.body == b"runs must be 1 to 4 ids of runs, separated by commas.\n"
