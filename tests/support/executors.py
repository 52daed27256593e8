"""Executors for tests: workers that exist in memory, and processes that only sleep."""

from __future__ import annotations

import time

from xfer_core.execution.executors.base import Job, WorkerState


class MemoryExecutor:
    """Workers are names. One whose handle begins with "elsewhere" cannot be looked up.

    Args:
        workers: those that exist, for all executors that know them: handle → exit code, None while alive.
    """

    def __init__(self, workers: dict[str, int | None] | None = None) -> None:
        self.workers = {} if workers is None else workers

    @property
    def alive(self) -> set[str]:
        return {handle for handle, code in self.workers.items() if code is None}

    def start(self, job: Job) -> str:
        handle = f"worker {len(self.workers)} of {job.run}"
        self.workers[handle] = None
        return handle

    def poll(self, handle: str) -> WorkerState:
        if handle.startswith("elsewhere"):
            return WorkerState(None)
        return WorkerState(handle in self.alive, self.workers.get(handle))

    def stop(self, handle: str) -> None:
        if handle in self.alive:
            self.workers[handle] = -9


def sleep(url: str, run: str, threads: int, token: str) -> None:
    """A worker that does nothing until it is ended."""
    time.sleep(600)
