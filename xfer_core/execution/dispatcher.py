"""The dispatcher: takes queued runs from the store and has an executor start a worker for each.

It needs no torch, and nothing here imports it: the process that workers are forked from does (``factory.py``).
"""

from __future__ import annotations

import hashlib
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from xfer_core.errors import XferError
from xfer_core.execution.executors.base import Executor, Job
from xfer_core.execution.executors.local import LocalExecutor
from xfer_core.execution.factory import ROOT, warm_factory
from xfer_core.execution.failure import failure_reason
from xfer_core.runs.lease import LeaseLost, Watch, new_owner
from xfer_core.runs.store import FAILED, INTERRUPTED, QUEUED, RUNNING, Run, Store, new_token
from xfer_core.settings import Settings, settings

POLL_SECONDS = 0.05
CARE_SECONDS = 1.0  # between renewals of the lease, checks of the running runs, and checks of the code's version
PATIENCE_SECONDS = 10.0  # for a worker to obey a stop, to exit, and to write its identity
ABROAD_SECONDS = 30.0  # without a heartbeat, after which a worker whose process cannot be checked counts as dead
LONGEST_PAUSE = 30.0  # before a retry
ATTEMPTS = 3  # workers that may die in a row without a new step before their run fails
START_SECONDS = 60.0  # for a dispatcher to start, warm its workers up and serve
IDLE, OUTDATED, TOLD, LOST = "idle", "outdated", "told", "lost"

logger = logging.getLogger(__name__)
_started: dict[Path, subprocess.Popen] = {}  # home → the dispatcher that this process started for it
_begun: dict[Path, float] = {}  # home → its start, by this process's monotonic clock
_watches: dict[str, Watch] = {}  # URL of a store → whether it is served
_starting = threading.RLock()


def code_version() -> str:
    """A hash of the core's source files."""
    digest = hashlib.sha256()
    for path in sorted(ROOT.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def ensure_dispatcher(chosen: Settings | None = None) -> None:
    """Start a dispatcher if none serves the store of these settings, by default the installation's. It is a separate
    process and outlives its caller."""
    chosen = chosen or settings()
    with _starting:
        known = chosen.database in _watches
        watch = _watches.setdefault(chosen.database, Watch(Store(chosen.database).lease))
        served = watch.served()
        if served is False:
            _start(chosen)
        elif not known and served is None:
            # Another process holds the lease. A page must not wait until it is renewed; a command ends only after that.
            threading.Thread(target=_start_unless_served, args=(chosen, watch), name="xfer-watch").start()


def wait_for_dispatcher(seconds: float = START_SECONDS) -> bool:
    """Wait until a dispatcher serves this installation's store, with warm workers; whether one does within
    ``seconds``."""
    watch, until = Watch(Store(settings().database).lease), time.monotonic() + seconds
    while time.monotonic() < until:
        if watch.served():
            return True
        time.sleep(10 * POLL_SECONDS)
    return False


def _start_unless_served(chosen: Settings, watch: Watch) -> None:
    while True:
        with _starting:
            if (served := watch.served()) is False:
                _start(chosen)
            if served is not None:
                return
        time.sleep(2 * POLL_SECONDS)


def _start(chosen: Settings) -> None:
    home, begun = chosen.home, _started.get(chosen.home)
    if begun and begun.poll() is None:
        # Its factory takes seconds to import torch before it can hold the lease, and pages call this at every rerun.
        if time.monotonic() - _begun[home] < START_SECONDS:
            return
        begun.kill()  # it hangs; its workers continue, and the next dispatcher adopts them
    search = os.pathsep.join([str(ROOT.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    home.mkdir(parents=True, exist_ok=True)
    with (home / "dispatcher.log").open("ab") as log:
        _begun[home] = time.monotonic()
        _started[home] = subprocess.Popen(
            [sys.executable, "-m", "xfer_core", "dispatcher", "--until-idle"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=home,
            env={**os.environ, **chosen.environment(), "PYTHONPATH": search},
            start_new_session=True,
        )


@dataclass
class Worker:
    """A worker that this dispatcher started."""

    run: str
    handle: str  # of the executor
    left: float | None = None  # since when its run no longer needs it; until then it takes one of the slots


@dataclass
class LastHeartbeat:
    """The last heartbeat of a training run, by this dispatcher's monotonic clock, because the wall clock can be set."""

    since: float
    heartbeat: float | None  # the last one; only compared, never used as a time
    at: float  # when it was first read
    asked: float | None = None  # when a request to stop was first read


def available_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_slots(cores: int) -> int:
    """Default of ``XFER_SLOTS``, runs at a time: three, or one for every four cores if that is more."""
    return max(3, cores // 4)


class Dispatcher:
    """Serves one store until it is stopped.

    An error of one run does not affect the others, and errors of the store are temporary: both are logged and tried
    again, and neither ends the loop.

    Args:
        store: where runs are queued.
        executor: starts and ends the workers.
        slots: runs at a time; 0 chooses three, or one for every four cores if that is more.
        idle_seconds: ends after so long without a run; None never ends.
    """

    def __init__(self, store: Store, executor: Executor, slots: int = 0, idle_seconds: float | None = None) -> None:
        self.store, self.executor = store, executor
        self.cores = available_cores()
        self.slots = slots or default_slots(self.cores)
        self.idle_seconds = idle_seconds
        self.owner = new_owner()
        self.workers: dict[str, Worker] = {}  # token → who has it
        self.heartbeats: dict[str, LastHeartbeat] = {}  # token → heartbeat of its run
        self.adopted: set[str] = set()  # tokens of runs started by another dispatcher or a command line
        self.version = code_version()
        self.stopping = False

    def serve(self) -> str:
        """Serve until ``IDLE``, ``OUTDATED``, ``TOLD`` or ``LOST``. Active runs continue; the next dispatcher adopts
        them."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        last_busy, cared, pause, pause_until = time.monotonic(), -CARE_SECONDS, 0.0, 0.0
        while not self.stopping:
            now = time.monotonic()
            if now < pause_until:
                time.sleep(POLL_SECONDS)
                continue
            try:
                self._collect_exits()
                if now - cared > CARE_SECONDS:
                    cared = now
                    self.store.renew_lease(self.owner)
                    self._tick()
                    if not self.workers and not self.adopted and code_version() != self.version:
                        return OUTDATED
                self._claim_next()
                pause = 0.0
            except LeaseLost:
                if not self._retake_lease():
                    return LOST
            except Exception as error:  # any error: no other process serves the queue
                pause = min(max(2 * pause, CARE_SECONDS), LONGEST_PAUSE)
                pause_until = now + pause
                _log(f"the queue is not served for {pause:.0f} s", error)
            if self.workers or self.adopted:
                last_busy = now
            elif self.idle_seconds is not None and now - last_busy > self.idle_seconds:
                return IDLE
            time.sleep(POLL_SECONDS)
        return TOLD

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def _retake_lease(self) -> bool:
        """Take the lease of a store that has none, such as a newly created one; whether it was taken."""
        with suppress(XferError, SQLAlchemyError):
            seen = self.store.lease()
            if not seen.owner:
                return self.store.take_lease(self.owner, seen)
        return False

    # ------------------------------------------------------------------ new runs

    def _claim_next(self) -> None:
        busy = sum(worker.left is None for worker in self.workers.values()) + len(self.adopted)
        if busy >= self.slots:
            return
        queued = self.store.find(statuses=(QUEUED,))[::-1]  # the oldest first
        # A single run gets every core; simultaneous runs share them. A resumed run keeps its number of threads, because
        # sums in another order would give another curve.
        here = busy + len(queued)
        for run in queued[: self.slots - busy]:
            # All runs of an experiment get the same number of threads, also the last ones: its size decides.
            together = min(self.slots, self.store.count(run.experiment) if run.experiment else here)
            threads = run.threads or settings().threads or max(1, self.cores // together)
            token = new_token()
            claimed = {"threads": threads, "started": time.time(), "heartbeat": time.time(), "code": self.version}
            if self.store.transition(run.id, (QUEUED,), RUNNING, self.owner, token=token, process=None, **claimed):
                self._start_worker(run.id, threads, token)

    def _start_worker(self, run: str, threads: int, token: str) -> None:
        url = self.store.engine.url.render_as_string(hide_password=False)
        try:
            handle = self.executor.start(Job(url, run, threads, token))
        except OSError:  # no worker available now: the run waits for the next poll
            self.store.transition(run, (RUNNING,), QUEUED, self.owner, token)
            raise
        self.workers[token] = Worker(run, handle)

    # ------------------------------------------------------------------ running runs

    def _collect_exits(self) -> None:
        for token, worker in list(self.workers.items()):
            state = self.executor.poll(worker.handle)
            if state.alive is False:
                del self.workers[token]
                with self._isolated(worker.run):
                    self._worker_died(worker.run, token, state.exit_code)

    def _tick(self) -> None:
        running = {run.token or run.id: run for run in self.store.find(statuses=(RUNNING,))}
        self.adopted = running.keys() - self.workers.keys()
        now = time.monotonic()
        self.heartbeats = {
            token: self.heartbeats.get(token) or LastHeartbeat(now, run.heartbeat, now)
            for token, run in running.items()
        }
        for token, worker in self.workers.items():
            # Its run ended, was deleted, or continues in another worker: this one has no work, and must exit.
            worker.left = None if token in running else worker.left or now
            if worker.left is not None and now - worker.left > PATIENCE_SECONDS:
                self.executor.stop(worker.handle)
        for token, run in running.items():
            with self._isolated(run.id):
                self._check_run(run, token, self.heartbeats[token], now)

    def _check_run(self, run: Run, token: str, heard: LastHeartbeat, now: float) -> None:
        if run.heartbeat != heard.heartbeat:
            heard.heartbeat, heard.at = run.heartbeat, now
        if token not in self.workers and not self._is_running(run, now - heard.at):
            self._worker_died(run.id, token, None)
            return
        heard.asked = (heard.asked or now) if self.store.stop_requested(run.id) else None
        if heard.asked and now - heard.asked > PATIENCE_SECONDS:
            reason = failure_reason("silent_worker", run.id, seconds=round(PATIENCE_SECONDS))
            self._end(run, INTERRUPTED, reason)
        limit = settings().run_minutes
        # The worker ends itself at the limit; this is for one that hangs.
        if limit and now - heard.since > 60 * limit + PATIENCE_SECONDS:
            self._end(run, FAILED, failure_reason("time_limit", run.id, limit=limit))

    def _is_running(self, run: Run, silence: float) -> bool:
        """Whether the worker of an adopted run is alive; ``silence``: seconds since its last heartbeat."""
        alive = self.executor.poll(run.process).alive if run.process else None
        if alive is not None:
            return alive
        return silence < (ABROAD_SECONDS if run.process else PATIENCE_SECONDS)

    def _end(self, run: Run, status: str, reason: dict[str, Any]) -> None:
        """End the worker of a run that does not end by itself. Its scalars and checkpoints stay."""
        if not self.store.transition(
            run.id, (RUNNING,), status, self.owner, run.token, ended=time.time(), reason=reason
        ):
            return
        own = self.workers.get(run.token or run.id)
        if handle := own.handle if own else run.process:
            self.executor.stop(handle)

    def _worker_died(self, run_id: str, token: str, exit_code: int | None) -> None:
        """A worker exited. If its run is still marked as running, it continues in another worker."""
        found = self.store.find(ids=[run_id], statuses=(RUNNING,))
        if not found or (found[0].token or run_id) != token:
            return
        run, before = found[0], -1 if found[0].died_at is None else found[0].died_at
        step = (run.progress or {}).get("step", 0)
        deaths = 1 if step > before else run.deaths + 1
        counted = {"deaths": deaths, "died_at": max(step, before)}
        if deaths < ATTEMPTS:
            logger.warning("run %s: its worker died (exit code %s) at step %s; it goes on", run_id, exit_code, step)
            self.store.transition(run_id, (RUNNING,), QUEUED, self.owner, run.token, **counted)
            return
        reason = failure_reason("worker_died", run_id, exit_code="unknown" if exit_code is None else exit_code)
        self.store.transition(
            run_id, (RUNNING,), FAILED, self.owner, run.token, ended=time.time(), reason=reason, **counted
        )

    @contextmanager
    def _isolated(self, run: str) -> Iterator[None]:
        """Log an error of one run, so that it does not affect the others."""
        try:
            yield
        except LeaseLost:
            raise
        except Exception as error:
            _log(f"run {run} is looked after again later", error)


def _log(what: str, error: Exception) -> None:
    """One line for expected errors, a traceback for others."""
    if isinstance(error, (XferError, OSError)):
        logger.warning("%s: %s", what, error)
    else:
        logger.exception(what)


def serve(until_idle: bool = False) -> int:
    """Serve this installation's store, if no other dispatcher does. Returns an exit code."""
    chosen = settings()
    store = Store(chosen.database)
    idle = 60 * chosen.idle_minutes if until_idle else None
    while not (watch := Watch(store.lease)).wait():
        executor = LocalExecutor(warm_factory())  # takes seconds, in which another process may begin to serve
        dispatcher = Dispatcher(store, executor, chosen.slots, idle)
        if watch.served() is not False or not store.take_lease(dispatcher.owner, watch.seen):
            continue
        reason = dispatcher.serve()
        if reason == LOST:
            # Another one serves now; or the database was made anew and nobody does, though whoever queues a run sees
            # this process and starts no other.
            continue
        with suppress(XferError):  # a locked store: the next one waits until the lease expires
            store.release_lease(dispatcher.owner)
        if dispatcher.workers:
            os._exit(0)  # a normal exit would join the child processes
        if reason == OUTDATED:
            # The lease is free and the factory ends with this program; the new code starts in the same process.
            os.execv(sys.executable, [sys.executable, "-m", "xfer_core", "dispatcher", *sys.argv[2:]])
        # A run may have been queued by a process that still saw the queue served.
        if reason == TOLD or not store.find(statuses=(QUEUED,), limit=1):
            return 0
    print("a dispatcher is alive already", flush=True)
    if multiprocessing.active_children():
        os._exit(0)
    return 0
