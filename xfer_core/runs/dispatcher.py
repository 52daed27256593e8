"""The dispatcher: takes queued runs from the store and gives each a process of its own."""

from __future__ import annotations

import hashlib
import multiprocessing
import multiprocessing.context
import os
import signal
import subprocess
import sys
import threading
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

import xfer_core
from xfer_core.runs.store import FAILED, INTERRUPTED, QUEUED, RUNNING, STOPPED, Run, Store
from xfer_core.runs.worker import failure, worker
from xfer_core.settings import settings

POLL_SECONDS = 0.05
CARE_SECONDS = 1.0  # between looks at adopted runs, stop requests and the code's version
PATIENCE_SECONDS = 10.0  # for a worker to obey a stop, and for a start to write its process id
IDLE, OUTDATED, TOLD = "idle", "outdated", "told"
ROOT = Path(xfer_core.__file__).parent

_started: dict[Path, subprocess.Popen] = {}  # home → the dispatcher that this process began for it
_starting = threading.Lock()


def code_version() -> str:
    """Changes when a source file of the core changes."""
    digest = hashlib.sha256()
    for path in sorted(ROOT.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def lock_path() -> Path:
    """The file that a living dispatcher holds a lock on."""
    return settings().home / "dispatcher.lock"


def is_alive() -> bool:
    """Whether a dispatcher serves this installation."""
    lock_path().parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock_path(), blocking=False):
            return False
    except Timeout:
        return True


def ensure_dispatcher() -> None:
    """Start a dispatcher if none is alive. It is a process of its own and outlives whoever calls this."""
    home = settings().home
    with _starting:
        begun = _started.get(home)
        # It takes seconds to import torch before it can hold the lock, and pages ask at every rerun.
        if (begun and begun.poll() is None) or is_alive():
            return
        search = os.pathsep.join([str(ROOT.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
        with (home / "dispatcher.log").open("ab") as log:
            _started[home] = subprocess.Popen(
                [sys.executable, "-m", "xfer_core", "dispatcher", "--until-idle"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=home,
                env={**os.environ, **settings().environment(), "PYTHONPATH": search},
                start_new_session=True,
            )


class Dispatcher:
    """Serves one store until told to end.

    Args:
        store: where runs are queued.
        slots: runs at a time; 0 chooses three, or one for every four cores if that is more.
        idle_seconds: ends after so long without a run; None never does.
    """

    def __init__(self, store: Store, slots: int = 0, idle_seconds: float | None = None) -> None:
        self.store = store
        self.cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self.slots = slots or max(3, self.cores // 4)
        self.idle_seconds = idle_seconds
        self.children: dict[str, BaseProcess] = {}
        self.adopted: dict[str, int] = {}  # run → process id
        self.version = code_version()
        self.stopping = False

    def serve(self) -> str:
        """Work until ``IDLE``, ``OUTDATED`` or ``TOLD`` to end. Living runs go on; the next dispatcher adopts them."""
        context = self._start_factory()
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        last_busy = cared = time.monotonic()
        self._adopt()
        while not self.stopping:
            now = time.monotonic()
            self._reap()
            self._claim(context)
            if now - cared > CARE_SECONDS:
                cared = now
                self._care()
                if not self.children and not self.adopted and code_version() != self.version:
                    return OUTDATED
            if self.children or self.adopted:
                last_busy = now
            elif self.idle_seconds is not None and now - last_busy > self.idle_seconds:
                return IDLE
            time.sleep(POLL_SECONDS)
        if self.children:
            os._exit(0)  # leaving by the front door would wait for the children
        return TOLD

    def _stop(self, *_: object) -> None:
        self.stopping = True

    @staticmethod
    def _start_factory() -> multiprocessing.context.BaseContext:
        """Where workers come from: forked from a warm process on Linux, spawned elsewhere (Apple's GPU needs that)."""
        if not sys.platform.startswith("linux"):
            return multiprocessing.get_context("spawn")
        # Python 3.11's forkserver ignores sys.path when it preloads (cpython #117378).
        paths = [str(ROOT.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["xfer_core.runs.warm"])
        from multiprocessing import forkserver

        forkserver.ensure_running()
        return context

    def _claim(self, context: multiprocessing.context.BaseContext) -> None:
        free = self.slots - len(self.children) - len(self.adopted)
        if free <= 0:
            return
        queued = self.store.find(statuses=(QUEUED,))[::-1]  # the oldest first
        # A run alone gets every core; runs that come together share them. A resumed run keeps its number, for sums in
        # another order would give another curve.
        here = len(self.children) + len(self.adopted) + len(queued)
        for run in queued[:free]:
            # What belongs together is trained alike, the last of an experiment as the first: its size decides.
            together = min(self.slots, self.store.count(run.batch) if run.batch else here)
            threads = run.threads or max(1, self.cores // together)
            claimed = {"threads": threads, "started": time.time(), "heartbeat": time.time(), "code": self.version}
            if self.store.move(run.id, (QUEUED,), RUNNING, pid=None, **claimed):
                url = self.store.engine.url.render_as_string(hide_password=False)
                child = context.Process(target=worker, args=(url, run.id, threads), name=f"xfer-{run.id}")  # pyright: ignore[reportAttributeAccessIssue]
                child.start()
                self.children[run.id] = child
                self.store.update(run.id, pid=child.pid)

    def _reap(self) -> None:
        for run, child in list(self.children.items()):
            if not child.is_alive():
                child.join()
                del self.children[run]
                self._mark_dead(run, FAILED, failure("worker_died", run, exit_code=child.exitcode))

    def _mark_dead(self, run: str, status: str, reason: dict) -> None:
        """Only if the worker left no word of its own."""
        self.store.move(run, (RUNNING,), status, ended=time.time(), pid=None, reason=reason)

    def _adopt(self) -> None:
        """Runs that another dispatcher, or a command line, left running."""
        for run in self.store.find(statuses=(RUNNING,)):
            if run.id not in self.children:
                self.adopted[run.id] = run.pid or 0

    def _care(self) -> None:
        self._adopt()
        for run_id in list(self.adopted):
            run = self.store.find(ids=[run_id])
            if not run or run[0].status != RUNNING:
                del self.adopted[run_id]
            elif not _works(run[0]):
                del self.adopted[run_id]
                # It died with its dispatcher. Part of an experiment or a race, it goes on without being asked to.
                if not (run[0].batch and self.store.move(run_id, (RUNNING,), QUEUED, pid=None)):
                    self._mark_dead(run_id, INTERRUPTED, failure("worker_died", run_id, exit_code="unknown"))
        limit = settings().run_minutes
        for run_id, child in self.children.items():
            asked = self.store.stop_asked(run_id)
            if asked and time.time() - asked > PATIENCE_SECONDS:
                child.kill()
                self.store.move(run_id, (RUNNING,), STOPPED, ended=time.time(), pid=None)
            run = self.store.get(run_id)
            if limit and run.started and time.time() - run.started > 60 * limit:
                child.kill()
                self._mark_dead(run_id, FAILED, failure("time_limit", run_id, limit=limit))


def _works(run: Run) -> bool:
    """Whether the process that is said to train this run exists."""
    if run.pid is None:
        return time.time() - (run.heartbeat or 0) < PATIENCE_SECONDS
    try:
        process = psutil.Process(run.pid)
        # Once its dispatcher is gone, nobody may be there to reap it: a container's first process often does not.
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() < (run.heartbeat or 0) + 1
    except psutil.NoSuchProcess:
        return False


def serve(until_idle: bool = False) -> int:
    """Serve this installation's store; at most one dispatcher does. Returns an exit code."""
    chosen = settings()
    lock = FileLock(lock_path(), blocking=False)
    lock_path().parent.mkdir(parents=True, exist_ok=True)
    store = Store(chosen.database)
    idle = 60 * chosen.idle_minutes if until_idle else None
    while True:
        try:
            with lock:
                reason = Dispatcher(store, chosen.slots, idle).serve()
        except Timeout:
            print("a dispatcher is alive already")
            return 0
        if reason == OUTDATED:
            # The lock is free and the factory ends with this program; the new code starts in the same process.
            os.execv(sys.executable, [sys.executable, "-m", "xfer_core", "dispatcher", *sys.argv[2:]])
        # A run may have been queued by somebody who still saw the lock held.
        if reason == TOLD or not store.find(statuses=(QUEUED,), limit=1):
            return 0
