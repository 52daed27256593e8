"""The dispatcher with real worker processes: one for the whole file, for it takes seconds to warm up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import psutil
import pytest
import torch
from safetensors.torch import load_file

from benchmarks.serving import ROOT, end_dispatchers
from xfer_core.runs import dispatcher as module
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import (
    FAILED,
    FINISHED,
    INTERRUPTED,
    PAUSED,
    QUEUED,
    RUNNING,
    STOPPED,
    Run,
    Store,
)

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="workers are forked on Linux alone")
PATIENCE = 60.0


def begin_dispatcher(home, **environment: str) -> subprocess.Popen:
    with (home / "dispatcher.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "xfer_core", "dispatcher"],
            env={**os.environ, "XFER_HOME": str(home), "PYTHONPATH": str(ROOT), **environment},
            stdout=log,
            stderr=log,
        )


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("served")
    Store(f"sqlite:///{home / 'xfer.db'}")
    process = begin_dispatcher(home, XFER_SLOTS="3")
    yield home
    process.kill()
    process.wait()
    end_dispatchers(home)


@pytest.fixture
def served(home, monkeypatch) -> Store:
    """A store that a living dispatcher with three slots serves."""
    monkeypatch.setenv("XFER_HOME", str(home))
    return Store(f"sqlite:///{home / 'xfer.db'}")


def spec(steps: int, *changes: str) -> RunSpec:
    quick = ("network.width=4", "training.batch_size=8", "training.evaluations=5", f"training.steps={steps}")
    return parse_spec({}, [*quick, *changes])


def until(store: Store, run: str, good: Callable[[Run], object]) -> Run:
    deadline = time.monotonic() + PATIENCE
    while not good(row := store.get(run)):
        assert time.monotonic() < deadline, row
        time.sleep(0.02)
    return row


def ends(store: Store, run: str, status: str = FINISHED) -> Run:
    row = until(store, run, lambda row: row.status not in (QUEUED, RUNNING))
    assert row.status == status, row.reason
    return row


def at_step(store: Store, run: str, step: int) -> Run:
    return until(store, run, lambda row: row.progress and row.progress["step"] >= step)


def on_one_thread(store: Store, wanted: RunSpec) -> str:
    """A queued run whose number of threads does not depend on who else is running."""
    run = store.create(wanted, status=PAUSED)
    store.update(run, threads=1)
    store.command(run, "resume")
    return run


def weights(home, run: str):
    return load_file(home / "runs" / run / "weights.safetensors")


def same(one, two) -> bool:
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def test_a_queued_run_is_trained_by_a_warm_process(served, home):
    row = ends(served, served.create(spec(10)))
    assert row.code == module.code_version()
    assert row.threads == served.get(row.id).result["threads"] >= 1
    assert "not warm" not in (home / "dispatcher.log").read_text()


def test_runs_that_come_together_run_together_on_their_share_of_the_cores(served):
    runs = served.create_together([(spec(150, f"seed={i}"), "") for i in range(3)], batch="b")
    for run in runs:
        until(served, run, lambda row: row.status == RUNNING)
    assert {served.get(run).threads for run in runs} == {max(1, len(os.sched_getaffinity(0)) // 3)}
    late = served.create(spec(5))
    time.sleep(0.3)
    if any(served.get(run).status == RUNNING for run in runs) and len(served.find(statuses=(RUNNING,))) == 3:
        assert served.get(late).status == QUEUED, "three slots are taken"
    for run in (*runs, late):
        ends(served, run)


def test_paused_killed_and_resumed_ends_with_the_same_weights(served, home):
    whole = ends(served, on_one_thread(served, spec(300)))
    run = on_one_thread(served, spec(300))
    at_step(served, run, 20)
    served.command(run, "pause")
    paused = ends(served, run, PAUSED)
    assert paused.pid is None
    assert 20 <= paused.progress["step"] < 300
    served.command(run, "resume")
    running = until(served, run, lambda row: row.status == RUNNING and row.progress["step"] > 130 and row.pid)
    os.kill(running.pid, signal.SIGKILL)
    dead = ends(served, run, FAILED)
    assert dead.reason["code"] == "worker_died"
    assert "-9" in dead.reason["text"]
    served.command(run, "resume")
    resumed = ends(served, run)
    assert resumed.threads == whole.threads == 1
    assert same(weights(home, whole.id), weights(home, run))
    losses = [step for name, step, _ in served.after(run).points if name == "loss/total"]
    assert losses == list(range(1, 301)), "every step once, in order"


def test_a_worker_that_dies_leaves_the_others_alone(served):
    victim, other = served.create_together([(spec(2000), ""), (spec(100), "")], batch="")
    row = until(served, victim, lambda row: row.pid and row.progress)
    os.kill(row.pid, signal.SIGKILL)
    assert ends(served, victim, FAILED).reason["code"] == "worker_died"
    ends(served, other)


def test_stop_keeps_what_was_learned(served, home):
    run = served.create(spec(5000))
    at_step(served, run, 10)
    served.command(run, "stop")
    row = ends(served, run, STOPPED)
    assert row.result["step"] < 5000
    assert 0 <= row.target_metric["value"] <= 1
    assert weights(home, run)


def test_a_knob_turned_while_it_runs_acts_and_is_written_down(served):
    run = served.create(spec(250, "strategy.kind=joint"))
    at_step(served, run, 5)
    served.command(run, "set", "lambda/digits.photo/digit", 0.0)
    served.command(run, "set", "lr", 0.0001)
    ends(served, run)
    news = served.after(run)
    turned = {e["details"]["name"]: e for e in news.events if e["kind"] == "set"}
    step = turned["lambda/digits.photo/digit"]["step"]
    after = [v for name, s, v in news.points if name == "weighted/digits.photo/digit" and s > step]
    assert after
    assert set(after) == {0.0}
    assert turned["lr"]["details"]["value"] == 0.0001


def test_a_run_outlives_its_dispatcher_and_the_next_adopts_it(served, tmp_path):
    home = tmp_path / "own"
    home.mkdir()
    store = Store(f"sqlite:///{home / 'xfer.db'}")
    first = begin_dispatcher(home)
    second = None
    try:
        going, doomed = store.create_together([(spec(600), ""), (spec(100000), "")], batch="")
        at_step(store, going, 5)
        victim = at_step(store, doomed, 5)
        first.kill()
        first.wait()
        assert psutil.pid_exists(victim.pid)
        os.kill(victim.pid, signal.SIGKILL)
        second = begin_dispatcher(home)
        row = ends(store, doomed, INTERRUPTED)
        assert "resume" in row.reason["text"]
        ends(store, going)
        refused = begin_dispatcher(home)
        assert refused.wait(PATIENCE) == 0
        assert "alive already" in (home / "dispatcher.log").read_text()
        second.terminate()
        assert second.wait(PATIENCE) == 0
    finally:
        for process in (first, second):
            if process:
                process.kill()
        end_dispatchers(home)


def test_a_dispatcher_is_started_if_none_is_alive_and_ends_when_idle(tmp_path, monkeypatch):
    monkeypatch.setenv("XFER_HOME", str(tmp_path))
    monkeypatch.setenv("XFER_IDLE_MINUTES", "0.02")
    monkeypatch.setenv("XFER_RUN_MINUTES", "0.03")
    store = Store(f"sqlite:///{tmp_path / 'xfer.db'}")
    run = store.create(spec(100000))
    try:
        assert not module.is_alive()
        module.ensure_dispatcher()
        assert ends(store, run, FAILED).reason["code"] == "time_limit"
        assert module.is_alive()
        deadline = time.monotonic() + PATIENCE
        while module.is_alive():
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        end_dispatchers(tmp_path)
