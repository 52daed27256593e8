"""The dispatcher with real worker processes: one serves most of this file, for it takes seconds to warm up."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest
import torch
from safetensors.torch import load_file
from sqlalchemy import exc

import xfer_core
from benchmarks.serving import end_dispatchers
from tests.support.executors import MemoryExecutor
from tests.support.runs import DIVERGING, PATIENCE, wait, wait_for_end, wait_for_run
from xfer_core.cli import main
from xfer_core.domains import domain_info, load_domain, registry
from xfer_core.errors import XferError
from xfer_core.execution import dispatcher as module
from xfer_core.execution.dispatcher import Dispatcher
from xfer_core.execution.executors.base import Job
from xfer_core.execution.executors.local import LocalExecutor
from xfer_core.runs import lease, schema
from xfer_core.runs.lease import LeaseLost, Watch, new_owner
from xfer_core.runs.process import identity
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import FAILED, FINISHED, INTERRUPTED, PAUSED, QUEUED, RUNNING, STOPPED, Run, Store, open_store
from xfer_core.training import Command, Trainer

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="workers are forked on Linux alone")
ENDLESS = 1_000_000
CORES = len(os.sched_getaffinity(0))
RESTS = f"""
_commands = StoreCallback.commands


def commands(self):
    if self.store.get(self.run).spec["training"]["steps"] == {ENDLESS}:
        time.sleep(0.3)
    return _commands(self)


StoreCallback.commands = commands
"""


class Service:
    """A home of its own, served by a copy of the core, so that editing the core cannot restart its dispatcher.

    In the copy, endless runs rest between their reports: they have to be there, not to use a core.
    """

    def __init__(self, folder: Path) -> None:
        self.home, self.core = folder / "home", folder / "code" / "xfer_core"
        shutil.copytree(Path(xfer_core.__file__).parent, self.core)
        with (self.core / "execution" / "worker.py").open("a") as file:
            file.write(RESTS)
        self.home.mkdir()
        self.store = Store(f"sqlite:///{self.home / 'xfer.db'}")
        self.log = self.home / "dispatcher.log"
        self.process: subprocess.Popen | None = None

    def begin(self) -> None:
        """By hand, as on a server: it does not end when idle."""
        settings = {"XFER_HOME": str(self.home), "XFER_SLOTS": "3", "XFER_RUN_MINUTES": "60"}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "xfer_core", "dispatcher"],
                env={**os.environ, **settings, "PYTHONPATH": str(self.core.parent)},
                cwd=self.home,
                stdout=log,
                stderr=log,
            )


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    service = Service(tmp_path_factory.mktemp("served"))
    yield service
    end_dispatchers(service.home)
    if service.process:
        service.process.wait(PATIENCE)


@pytest.fixture
def at_home(service, monkeypatch, _own_home) -> Service:
    """This process uses the same home and the same code."""
    monkeypatch.setenv("XFER_HOME", str(service.home))
    monkeypatch.setattr(module, "ROOT", service.core)
    return service


@pytest.fixture
def served(at_home) -> Store:
    """A store that a living dispatcher with three slots serves."""
    if at_home.process is None or at_home.process.poll() is not None:
        at_home.begin()
    return at_home.store


def spec(steps: int, *changes: str) -> RunSpec:
    quick = ("network.width=4", "training.batch_size=8", "training.evaluations=5", f"training.steps={steps}")
    return parse_spec({}, [*quick, "training.device=cpu", "training.precision=float32", *changes])


def at_step(store: Store, run: str, step: int) -> Run:
    def there(row: Run) -> bool:
        return row.status == RUNNING and bool(row.pid) and (row.progress or {}).get("step", 0) >= step

    return wait_for_run(store, run, there)


def on_one_thread(store: Store, wanted: RunSpec) -> str:
    run = store.create(wanted, status=PAUSED)
    store.update(run, threads=1)
    store.command(run, "resume")
    return run


def weights(service: Service, run: str) -> dict[str, torch.Tensor]:
    return load_file(service.home / "runs" / run / "weights.safetensors")


def same(one, two) -> bool:
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def curves(store: Store, run: str) -> Counter:
    """How often each point was told; what a knob or a clock shows may be told again for a step."""
    return Counter(p for p in store.updates_since(run).points if p[0].startswith(("loss/", "weighted/", "accuracy/")))


# ---------------------------------------------------------------------- a run's life


def test_a_queued_run_is_trained_by_a_warm_process(served, at_home):
    run = served.create(spec(200))
    row = at_step(served, run, 1)
    assert psutil.Process(row.pid).ppid() != os.getpid()
    assert abs(time.time() - row.heartbeat) < 10
    row = wait_for_end(served, run)
    assert row.created <= row.started <= row.heartbeat <= row.ended
    assert row.pid is None
    assert row.code == module.code_version()
    assert row.threads == row.result["threads"] == CORES, "it was alone"
    assert "not warm" not in at_home.log.read_text()
    loaded = {Path(file.path).name for file in psutil.Process(at_home.process.pid).memory_maps()}
    assert not any("torch" in name for name in loaded), "only the process that workers are forked from loads it"


def test_an_own_domain_comes_and_goes_while_app_and_dispatcher_run(served, at_home):
    settings = ['problem.target=["my.digits"]', "problem.labels_per_class=2"]
    with pytest.raises(XferError, match="must be a domain that is known here"):
        spec(4, *settings).check()
    digits = load_domain("digits.photo")
    own = replace(digits, key="my.digits", inputs=255 - digits.inputs)
    owner = registry().own
    assert owner
    owner.save(own, domain_info("digits.photo").spec)
    run = served.create(spec(4, *settings))
    wait_for_end(served, run)
    assert "accuracy/my.digits/digit/test" in served.get(run).result["metrics"]
    owner.forget("my.digits")
    late = served.create(spec(4, *settings))
    assert wait_for_end(served, late, FAILED).reason["code"] == "unknown_domain"


def test_three_run_together_a_fourth_waits_and_a_stop_keeps_what_was_learned(served, at_home):
    three = served.create_many([(spec(ENDLESS, f"seed={i}"), "") for i in range(3)], experiment="b")
    rows = [at_step(served, run, 1) for run in three]
    assert len({row.pid for row in rows}) == 3
    assert {row.threads for row in rows} == {max(1, CORES // 3)}
    late = served.create(spec(5))
    time.sleep(0.5)
    assert served.get(late).status == QUEUED, "three slots are taken"
    for run in three:
        assert served.get(run).status == RUNNING
        served.command(run, "stop")
    for run in three:
        row = wait_for_end(served, run, STOPPED)
        assert 1 <= row.result["step"] < ENDLESS
        assert 0 <= row.target_metric["value"] <= 1
        assert weights(at_home, run)
    wait_for_end(served, late)


def test_paused_killed_and_resumed_ends_with_the_same_weights_and_curves(served, at_home):
    whole, run = (on_one_thread(served, spec(800)) for _ in range(2))
    at_step(served, run, 20)
    served.command(run, "pause")
    paused = wait_for_end(served, run, PAUSED)
    assert paused.pid is None
    assert 20 <= paused.progress["step"] < 800
    served.command(run, "resume")
    running = at_step(served, run, paused.progress["step"] + 20)
    os.kill(running.pid, signal.SIGKILL)
    resumed = wait_for_end(served, run)
    assert resumed.reason is None
    assert resumed.result["metrics"] == wait_for_end(served, whole).result["metrics"]
    assert same(weights(at_home, whole), weights(at_home, run))
    told = curves(served, run)
    assert set(told.values()) == {1}
    assert told == curves(served, whole), "no gap and no point that is not its own"
    losses = [step for name, step, _ in served.updates_since(run).points if name == "loss/total"]
    assert losses == list(range(1, 801)), "every step once, in order"


def test_a_worker_that_dies_leaves_the_others_alone(served):
    victim, other = served.create_many([(spec(ENDLESS), ""), (spec(300), "")], experiment="")
    killed = at_step(served, victim, 1).pid
    os.kill(killed, signal.SIGKILL)
    wait_for_run(served, victim, lambda row: row.pid not in (None, killed))
    wait_for_end(served, other)
    served.command(victim, "stop")
    wait_for_end(served, victim, STOPPED)


def test_a_knob_turned_while_it_runs_acts_is_written_down_and_outlives_the_worker(served, at_home):
    wanted = spec(800, "strategy.kind=joint")
    run, name = on_one_thread(served, wanted), "lambda/digits.photo/digit"
    at_step(served, run, 5)
    served.command(run, "set", name, 0.0)
    served.command(run, "set", "lr", 0.0001)
    turned = wait(
        lambda: (
            [e for e in served.updates_since(run).events if e["kind"] == "set"][1:] and served.updates_since(run).events
        )
    )
    turned = [e for e in turned if e["kind"] == "set"]
    assert [e["details"] for e in turned] == [{"name": name, "value": 0.0}, {"name": "lr", "value": 0.0001}]
    step = turned[0]["step"]
    os.kill(at_step(served, run, step + 1).pid, signal.SIGKILL)
    wait_for_end(served, run)

    news = served.updates_since(run)
    assert [e for e in news.events if e["kind"] == "set"] == turned
    assert Counter(e["kind"] for e in news.events)["resumed"] == 1
    assert (name, step, 0.0) in news.points
    acted = {s: value for n, s, value in news.points if n == "weighted/digits.photo/digit"}
    assert set(acted) == set(range(1, 801))
    assert all((value == 0) == (s > step) for s, value in acted.items())
    assert {value for n, s, value in news.points if n == "lr" and s > step} == {0.0001}
    parts = (wanted.problem, wanted.network, wanted.strategy, wanted.training, wanted.seed)
    once = Trainer(*parts, replay=[(e["step"], Command("set", **e["details"])) for e in turned])
    once.run()
    assert same(weights(at_home, run), once.network.state_dict()), "as if it had never died"


def test_a_loss_that_breaks_is_told_with_its_term_and_step(served):
    row = wait_for_end(served, served.create(spec(50, *DIVERGING)), FAILED)
    assert row.reason["code"] == "not_finite_loss"
    assert row.reason["field"] in {"digits.photo/digit", "digits.handwritten/digit"}
    assert f"at step {row.reason['params']['step']} " in row.reason["text"]


def test_an_error_of_our_own_is_one_sentence_and_its_traceback_lies_beside_the_run(served, at_home):
    run = served.create(spec(50), status=PAUSED)
    served.update(run, spec={**served.get(run).spec, "network": {"kind": "small_cnn", "width": "wide"}})
    served.command(run, "resume")
    row = wait_for_end(served, run, FAILED)
    assert row.reason["code"] == "crashed"
    assert row.reason["text"].startswith("run broke on an error of its own: ValidationError")
    assert "\n" not in row.reason["text"]
    assert "Traceback" in (at_home.home / "runs" / run / "worker.log").read_text()
    assert "Traceback" not in at_home.log.read_text()


LINGERS = """
_worker = worker


def worker(*args):
    _worker(*args)
    time.sleep(2.5)
"""


@pytest.fixture
def lingering(tmp_path) -> Iterator[Store]:
    """A store that a dispatcher serves whose workers leave slowly, as those of a GPU do."""
    service = Service(tmp_path)
    with (service.core / "execution" / "worker.py").open("a") as file:
        file.write(LINGERS)
    service.begin()
    yield service.store
    end_dispatchers(service.home)
    assert service.process
    service.process.wait(PATIENCE)


@pytest.mark.slow
def test_pausing_and_deleting_50_runs_never_lets_the_queue_stand_still(lingering):
    """Beside a long run, at random moments, so that some are deleted while their workers are still leaving."""
    served = lingering
    random, longest, claimed, running = Random(0), 0.0, time.monotonic(), set()
    long = served.create(spec(ENDLESS))
    at_step(served, long, 1)
    runs = [served.create(spec(2, f"seed={seed}")) for seed in range(50)]
    deadline = time.monotonic() + 2 * PATIENCE
    while True:
        live = {row.id: row.status for row in served.find(statuses=(QUEUED, RUNNING))}
        before, running = running, {run for run, status in live.items() if status == RUNNING}
        if QUEUED not in live.values() or len(running) >= 3 or running - before:
            claimed = time.monotonic()  # nothing waits, there is no room, or one was taken just now
        longest = max(longest, time.monotonic() - claimed)
        assert longest < 5, live
        if live.keys() == {long}:
            break
        assert time.monotonic() < deadline, live
        found = served.find(ids=runs, statuses=(RUNNING, PAUSED))
        for row in found if random.random() < 0.3 else ():
            with suppress(XferError):  # it has ended meanwhile
                if row.status == PAUSED:
                    served.delete([row.id])
                else:
                    served.command(row.id, "pause")
        time.sleep(random.uniform(0, 0.2))
    left = {row.status for row in served.find(ids=runs)}
    assert left <= {PAUSED, FINISHED}
    assert FINISHED in left
    assert len(served.find(ids=runs)) < 30, "some were deleted"
    assert served.get(long).status == RUNNING
    served.command(long, "stop")
    wait_for_end(served, long, STOPPED)


# ---------------------------------------------------------------------- the dispatcher's own life


def test_a_second_dispatcher_refuses_and_none_is_started_beside_a_living_one(served, capsys, monkeypatch):
    wait(Watch(served.lease).wait)
    assert module.serve() == 0
    assert "alive already" in capsys.readouterr().out
    monkeypatch.setattr(module.subprocess, "Popen", None)
    module.ensure_dispatcher()
    assert _watched()
    module.ensure_dispatcher()


def _watched() -> bool:
    """Whether what :func:`ensure_dispatcher` began beside itself came to an end without trouble."""
    for thread in threading.enumerate():
        if thread.name == "xfer-watch":
            thread.join(PATIENCE)
    return not any(thread.name == "xfer-watch" for thread in threading.enumerate())


def test_an_idle_dispatcher_takes_new_code_and_ends_when_told(served, at_home):
    old = wait_for_end(served, served.create(spec(2))).code
    with (at_home.core / "__init__.py").open("a") as file:
        file.write("\n# newer\n")
    wait(lambda: not served.lease().owner)  # it has let go and is starting again
    new = wait_for_end(served, served.create(spec(2))).code
    assert new == module.code_version() != old
    assert at_home.process.poll() is None, "the same process"
    begun = time.monotonic()
    at_home.process.terminate()
    assert at_home.process.wait(PATIENCE) == 0
    assert time.monotonic() - begun < 5
    assert not served.lease().owner


def test_runs_outlive_their_dispatcher_and_the_next_adopts_them(served, at_home, monkeypatch, capsys):
    endless, doomed, going = served.create_many([(spec(n), "") for n in (ENDLESS, 2000, 800)], experiment="")
    lasting, victim, _ = (at_step(served, run, 5) for run in (endless, doomed, going))
    at_home.process.kill()
    at_home.process.wait()
    os.kill(victim.pid, signal.SIGKILL)
    wait_for_end(served, going)

    monkeypatch.setenv("XFER_SLOTS", "3")
    monkeypatch.setenv("XFER_IDLE_MINUTES", "0.02")
    submitted = []
    for seed in (1, 2):
        asked = spec(ENDLESS if seed == 1 else 5, f"seed={seed}")
        recipe = at_home.home / f"{seed}.json"
        recipe.write_text(asked.model_dump_json())
        assert main(["submit", str(recipe)]) == 0
        submitted.append(capsys.readouterr().out.strip())
    first, second = submitted
    at_step(served, first, 1)
    adopted = served.get(endless)
    assert (adopted.status, adopted.pid) == (RUNNING, lasting.pid)
    time.sleep(0.3)
    assert served.get(second).status == QUEUED, "what was adopted takes one of the three slots, what goes on another"
    served.command(endless, "stop")
    wait_for_end(served, endless, STOPPED)
    wait_for_end(served, second)
    served.command(first, "stop")
    assert wait_for_end(served, doomed).result["step"] == 2000, "it went on by itself"
    process = module._started[at_home.home]
    assert process.wait(PATIENCE) == 0, "it ends when idle"
    assert not served.lease().owner


def test_after_everything_was_killed_all_runs_go_on_by_themselves(served, at_home, monkeypatch):
    """Queued, running, and in the middle of being claimed: from the last checkpoint, and nobody resumes them."""
    runs = [served.create(spec(400, f"seed={seed}")) for seed in range(4)]
    at_step(served, runs[0], 100)
    end_dispatchers(at_home.home)
    at_home.process.wait(PATIENCE)
    assert {served.get(run).status for run in runs} <= {QUEUED, RUNNING, FINISHED}
    monkeypatch.setenv("XFER_SLOTS", "3")
    monkeypatch.setenv("XFER_IDLE_MINUTES", "0.02")
    module.ensure_dispatcher()
    for run in runs:
        wait_for_end(served, run)
    again = served.events(runs[0], "resumed")
    assert [event["step"] > 0 for event in again] == [True], "not from the beginning"
    assert set(curves(served, runs[0]).values()) == {1}
    assert module._started[at_home.home].wait(PATIENCE) == 0


def test_one_that_sleeps_is_replaced_and_leaves_when_it_wakes(served, at_home, monkeypatch):
    long = served.create(spec(ENDLESS))
    training = at_step(served, long, 1)
    at_home.process.send_signal(signal.SIGSTOP)
    monkeypatch.setenv("XFER_SLOTS", "3")
    monkeypatch.setenv("XFER_IDLE_MINUTES", "0.02")
    run = served.create(spec(5))

    def served_by_another() -> bool:
        module.ensure_dispatcher()  # as a page does at every rerun
        return served.get(run).status == FINISHED

    wait(served_by_another)
    at_home.process.send_signal(signal.SIGCONT)
    assert at_home.process.wait(PATIENCE) == 0
    row = served.get(long)
    assert (row.status, row.pid, row.token) == (RUNNING, training.pid, training.token)
    served.command(long, "stop")
    wait_for_end(served, long, STOPPED)
    assert module._started[at_home.home].wait(PATIENCE) == 0


# ---------------------------------------------------------------------- with an executor in memory


def serving(store: Store, slots: int = 3) -> Dispatcher:
    """A dispatcher that has the lease of the store."""
    dispatcher = Dispatcher(store, MemoryExecutor(), slots)
    dispatcher.cores = 12
    assert store.take_lease(dispatcher.owner, store.lease())
    return dispatcher


def test_runs_that_come_together_get_equal_shares_of_the_cores(store):
    dispatcher = serving(store)
    resumed = store.create(spec(9))
    store.update(resumed, threads=7)
    runs = [resumed, *(store.create(spec(9)) for _ in range(4))]
    dispatcher._claim_next()
    rows = [store.get(run) for run in runs]
    assert [row.status for row in rows] == [RUNNING] * 3 + [QUEUED] * 2, "the oldest first"
    assert [row.threads for row in rows] == [7, 4, 4, None, None], "a resumed run keeps its number"
    dispatcher.workers.popitem()
    dispatcher._claim_next()
    assert store.get(runs[3]).threads == 4


def test_a_run_alone_gets_every_core(store):
    dispatcher = serving(store)
    run = store.create(spec(9))
    dispatcher._claim_next()
    assert store.get(run).threads == 12


def test_the_last_of_an_experiment_gets_as_many_cores_as_the_first(store):
    """A run that is trained again after a kill, or last, must not give another curve than its fellows."""
    dispatcher = serving(store)
    runs = store.create_many([(spec(9, f"seed={seed}"), "") for seed in range(4)], experiment="b")
    dispatcher._claim_next()
    for run in runs[:3]:
        store.update(run, status=FINISHED)
    dispatcher.workers.clear()
    dispatcher._claim_next()
    assert [store.get(run).threads for run in runs] == [4, 4, 4, 4]


@pytest.mark.parametrize("experiment", ["e", ""])
def test_a_run_that_died_with_its_dispatcher_goes_on(store, experiment):
    run = store.create(spec(9), experiment=experiment, status=RUNNING)
    store.update(run, pid=7, process="ended", token="t")
    serving(store)._tick()
    assert store.get(run).status == QUEUED
    assert store.get(run).pid is store.get(run).token is None


def test_a_run_whose_workers_die_without_a_new_step_fails_after_three(store):
    dispatcher, run = serving(store), store.create(spec(9))

    def dies_at(step: int) -> Run:
        (worker,) = begun(dispatcher, run)
        store.update(run, progress={"step": step})
        dispatcher.executor.stop(worker)
        dispatcher._collect_exits()
        return store.get(run)

    outcomes = [dies_at(step).status for step in (3, 2, 4, 4)]  # after the second it began at an earlier checkpoint
    assert outcomes == [QUEUED] * 4, "4 was a new step"
    row = dies_at(3)
    assert (row.status, row.reason["code"], row.ended is None) == (FAILED, "worker_died", False)
    assert "again and again" in row.reason["text"]
    store.command(run, "resume")
    assert dies_at(1).status == QUEUED, "a person who resumes it gives it three new attempts"


def test_a_worker_that_does_not_obey_a_stop_is_ended(store, monkeypatch):
    dispatcher, run = serving(store), store.create(spec(9))
    dispatcher._claim_next()
    store.command(run, "stop")
    dispatcher._tick()
    assert store.get(run).status == RUNNING, "it has time to obey"
    monkeypatch.setattr(module, "PATIENCE_SECONDS", -1.0)
    dispatcher._tick()
    assert dispatcher.executor.alive == set()
    dispatcher._collect_exits()
    row = store.get(run)
    assert (row.status, row.reason["code"]) == (INTERRUPTED, "silent_worker")
    assert "its process was ended" in row.reason["text"]
    assert row.pid is None
    store.command(run, "resume")
    assert store.get(run).status == QUEUED, "from its last checkpoint"
    assert store.pop_commands(run) == []


@pytest.mark.parametrize("asked", ["stop", "limit"])
def test_a_worker_that_hangs_is_ended_whoever_began_it(store, monkeypatch, asked):
    dispatcher, run = serving(store), store.create(spec(9), status=RUNNING)
    dispatcher.executor = LocalExecutor(multiprocessing.get_context("spawn"))
    with subprocess.Popen(["sleep", "600"]) as process:
        store.append(run, [(1, "accuracy/a/validation", 3, 0.5)], progress={"step": 3})
        store.update(run, token="t", pid=process.pid, process=identity(process.pid))
        if asked == "stop":
            store.command(run, "stop")
        else:
            monkeypatch.setenv("XFER_RUN_MINUTES", "1e-9")
        dispatcher._tick()
        assert process.poll() is None
        monkeypatch.setattr(module, "PATIENCE_SECONDS", -1.0)
        dispatcher._tick()
        assert process.wait(PATIENCE) == -signal.SIGKILL
    row = store.get(run)
    outcome = {"stop": (INTERRUPTED, "silent_worker"), "limit": (FAILED, "time_limit")}[asked]
    assert (row.status, row.reason["code"]) == outcome
    assert row.progress == {"step": 3}
    assert store.updates_since(run).points == [("accuracy/a/validation", 3, 0.5)], "what it measured stays"


def begun(dispatcher: Dispatcher, *runs: str) -> list[str]:
    """Handles of the workers of these runs, once the dispatcher has begun them."""
    dispatcher._claim_next()
    handles = {worker.run: worker.handle for worker in dispatcher.workers.values()}
    return [handles[run] for run in runs]


def test_runs_deleted_while_their_workers_are_still_leaving_stop_nobody(store):
    dispatcher = serving(store)
    *gone, stays = (store.create(spec(9)) for _ in range(3))
    begun(dispatcher, *gone, stays)
    for run in gone:
        store.update(run, status=PAUSED)  # as its worker writes it before it leaves
    store.delete(gone)
    late = [store.create(spec(9)) for _ in range(2)]
    dispatcher._tick()
    dispatcher._claim_next()
    assert [store.get(run).status for run in (stays, *late)] == [RUNNING] * 3, "who only leaves takes no slot"


def test_a_worker_that_does_not_leave_is_ended_and_its_run_may_be_trained_meanwhile(store, monkeypatch):
    dispatcher, run = serving(store), store.create(spec(9))
    (leaving,) = begun(dispatcher, run)
    store.transition(run, (RUNNING,), PAUSED)
    store.command(run, "resume")
    (working,) = begun(dispatcher, run)
    assert working != leaving
    monkeypatch.setattr(module, "PATIENCE_SECONDS", -1.0)
    dispatcher._tick()
    assert dispatcher.executor.alive == {working}
    dispatcher._collect_exits()
    assert store.get(run).status == RUNNING, "it was the earlier worker that died"
    assert len(dispatcher.workers) == 1


def test_the_trouble_of_one_run_is_not_that_of_the_next(store, monkeypatch, caplog):
    dispatcher = serving(store)
    broken, other = (store.create(spec(9)) for _ in range(2))
    begun_broken, _ = begun(dispatcher, broken, other)
    store.command(other, "stop")
    asked = store.stop_requested

    def trouble(run: str) -> float | None:
        if run == broken:
            raise exc.IntegrityError("SELECT", {}, Exception("broken row"))
        return asked(run)

    monkeypatch.setattr(store, "stop_requested", trouble)
    monkeypatch.setattr(module, "PATIENCE_SECONDS", -1.0)
    dispatcher._tick()
    assert dispatcher.executor.alive == {begun_broken}
    assert f"run {broken} is looked after again later" in caplog.text


@pytest.fixture
def loop(monkeypatch) -> None:
    """The loop runs in this process, quickly, and takes no signals."""
    monkeypatch.setattr(module.signal, "signal", lambda *_: None)
    monkeypatch.setattr(module, "CARE_SECONDS", 0.0)


def test_a_run_for_which_no_process_can_be_had_waits(store, monkeypatch, loop, caplog):
    dispatcher, run = serving(store), store.create(spec(9))
    failures = [OSError(11, "Resource temporarily unavailable")] * 2

    def start(job: Job) -> str:
        if failures:
            raise failures.pop()
        dispatcher.stopping = True
        return "worker"

    monkeypatch.setattr(dispatcher.executor, "start", start)
    assert dispatcher.serve() == module.TOLD
    assert store.get(run).status == RUNNING
    assert [worker.run for worker in dispatcher.workers.values()] == [run]
    assert caplog.text.count("Resource temporarily unavailable") == 2


def test_trouble_with_the_store_passes(store, monkeypatch, loop, caplog):
    dispatcher, run = serving(store), store.create(spec(9))
    find, failures = store.find, [XferError("no_database", "XFER_HOME", "x", reason="gone"), ValueError("odd")]

    def fail_first(**wanted: Any) -> list[Run]:
        if failures:
            raise failures.pop(0)
        dispatcher.stopping = bool(dispatcher.workers)
        return find(**wanted)

    monkeypatch.setattr(store, "find", fail_first)
    assert dispatcher.serve() == module.TOLD
    assert store.get(run).status == RUNNING
    assert caplog.text.count("the queue is not served") == 2


def test_who_finds_the_lease_taken_ends_and_has_touched_nothing(store, loop):
    """Put to sleep and woken again, it has a run to claim, and one that it would take for dead."""
    dispatcher = serving(store)
    queued, running = store.create(spec(9)), store.create(spec(9), status=RUNNING)
    store.update(running, token="t", process="ended")
    store.take_lease("another", store.lease())
    assert dispatcher.serve() == module.LOST
    with pytest.raises(LeaseLost):
        dispatcher._tick()
    assert (store.get(queued).status, store.get(running).status) == (QUEUED, RUNNING)
    assert dispatcher.workers == {}


def test_a_database_that_was_made_anew_is_served_by_who_is_there(store, loop):
    dispatcher = serving(store)
    with store.engine.begin() as connection:
        connection.execute(schema.leases.delete())
    run = store.create(spec(9))
    dispatcher.idle_seconds = 0.2
    threading.Timer(1.0, dispatcher._stop).start()
    assert dispatcher.serve() == module.TOLD
    assert store.get(run).status == RUNNING
    assert store.lease().owner == dispatcher.owner


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_set_kills_and_stops_nobody(store, monkeypatch, hours):
    """A dispatcher that begins after the clock was set: the worker lives, was not told to stop, and has time left."""
    monkeypatch.setenv("XFER_RUN_MINUTES", "30")
    adopted, claimed = store.create(spec(9), status=RUNNING), store.create(spec(9))
    dispatcher, now = serving(store), time.time
    handle = dispatcher.executor.start(Job("", adopted, 1, "t"))
    store.update(adopted, process=handle, token="t", started=time.time(), heartbeat=time.time())
    (worker,) = begun(dispatcher, claimed)
    monkeypatch.setattr(module.time, "time", lambda: now() + 3600 * hours)
    store.command(claimed, "stop")
    for _ in range(2):
        dispatcher._tick()
    assert [store.get(run).status for run in (adopted, claimed)] == [RUNNING] * 2
    assert worker in dispatcher.executor.alive


@pytest.mark.parametrize(("process", "patience"), [(None, 10.0), ("elsewhere/7", 30.0)])
def test_a_worker_that_cannot_be_looked_up_is_dead_only_after_silence(store, monkeypatch, process, patience):
    run, clock = store.create(spec(9), status=RUNNING), [1000.0]
    store.update(run, token="t", pid=7, process=process, heartbeat=5.0)
    dispatcher = serving(store)
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    for _ in range(3):  # as long as its heartbeat changes, whatever time it tells
        clock[0] += patience - 0.1
        store.update(run, heartbeat=store.get(run).heartbeat - 3600)
        dispatcher._tick()
    clock[0] += patience - 0.1
    dispatcher._tick()
    assert store.get(run).status == RUNNING
    clock[0] += 0.2
    dispatcher._tick()
    assert store.get(run).status == QUEUED


class Started:
    """Stands for a dispatcher that is still importing."""

    made: list[Started]

    def __init__(self, *_: Any, **how: Any) -> None:
        self.ended = False
        self.how = how
        self.made.append(self)

    def poll(self) -> int | None:
        return 0 if self.ended else None

    def kill(self) -> None:
        self.ended = True


def test_a_dispatcher_that_is_starting_is_not_started_again(monkeypatch):
    monkeypatch.setattr(module.subprocess, "Popen", Started)
    Started.made = []
    for _ in range(3):  # a page asks at every rerun, and a dispatcher takes seconds to import torch
        module.ensure_dispatcher()
    assert len(Started.made) == 1
    Started.made[0].ended = True
    module.ensure_dispatcher()
    assert len(Started.made) == 2


def test_another_one_is_started_where_a_living_process_does_not_serve(monkeypatch):
    monkeypatch.setattr(module.subprocess, "Popen", Started)
    monkeypatch.setattr(lease, "LEASE_SECONDS", 0.2)
    Started.made = []
    store = open_store()
    store.take_lease(new_owner(), store.lease())  # of this process, which lives and never renews it
    module.ensure_dispatcher()
    assert _watched()
    assert len(Started.made) == 1
    monkeypatch.setattr(module, "START_SECONDS", -1.0)
    module.ensure_dispatcher()
    assert len(Started.made) == 2
    assert Started.made[0].ended, "what hangs is ended"


def test_a_relative_home_is_the_same_one_for_the_dispatcher(monkeypatch, tmp_path):
    monkeypatch.setattr(module.subprocess, "Popen", Started)
    Started.made = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XFER_HOME", "here")
    module.ensure_dispatcher()
    how = Started.made[0].how
    assert tmp_path / how["cwd"] / how["env"]["XFER_HOME"] == tmp_path / "here"
