"""The local executor: a process for each run, on this machine."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess

from xfer_core.execution.executors.base import Job, WorkerState
from xfer_core.runs.process import end, identity, is_alive


def train_job(url: str, run: str, threads: int, token: str) -> None:
    """Train the run of a :class:`Job`: the worker, imported where it runs, because it needs torch."""
    from xfer_core.execution.worker import worker

    worker(url, run, threads, token)


class LocalExecutor:
    """Workers are child processes, identified by pid and start time (``runs/process.py``).

    Args:
        context: multiprocessing context of the workers: that of a warm factory (``execution/factory.py``).
        target: what a worker process does with a :class:`Job`.
    """

    def __init__(self, context: BaseContext, target: Callable[..., None] = train_job) -> None:
        self.context, self.target = context, target
        self.children: dict[str, BaseProcess] = {}  # handle → process that this executor started

    def start(self, job: Job) -> str:
        """Start a child process."""
        child = self.context.Process(target=self.target, args=job, name=f"xfer-{job.run}")  # pyright: ignore[reportAttributeAccessIssue]
        child.start()
        handle = identity(child.pid)
        self.children[handle] = child
        return handle

    def poll(self, handle: str) -> WorkerState:
        """Whether this process exists; None for one of another machine."""
        child = self.children.get(handle)
        if child is None:
            return WorkerState(is_alive(handle))
        if child.is_alive():
            return WorkerState(True)
        child.join()
        del self.children[handle]
        return WorkerState(False, child.exitcode)

    def stop(self, handle: str) -> None:
        """Kill this process, if it exists on this machine."""
        if child := self.children.get(handle):
            child.kill()
        else:
            end(handle)
