"""The contract between the dispatcher and whatever executes its workers."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Job(NamedTuple):
    """What a worker needs to train one run: the arguments of :func:`xfer_core.execution.worker.worker`.

    Args:
        url: SQLAlchemy URL of the run's store.
        run: its id.
        threads: of torch.
        token: the fencing token of this attempt.
    """

    url: str
    run: str
    threads: int
    token: str


class WorkerState(NamedTuple):
    """Whether a worker is alive.

    Args:
        alive: None if that cannot be checked from here, for example because it was started on another machine.
        exit_code: of a worker that has ended, where it is known.
    """

    alive: bool | None
    exit_code: int | None = None


class Executor(Protocol):
    """Starts workers, says whether they are alive, and ends them.

    A worker is known by its handle: a text of at most 120 characters, which the worker stores as ``process`` of its
    run. Another executor of the same kind recognises it, so that the next dispatcher adopts the workers of the last.
    """

    def start(self, job: Job) -> str:
        """Start a worker and return its handle. The worker outlives the executor.

        Raises:
            OSError: no worker can be started now; the run waits.
        """
        ...

    def poll(self, handle: str) -> WorkerState:
        """Whether this worker is alive. Does not wait."""
        ...

    def stop(self, handle: str) -> None:
        """End this worker at once, if it is alive. Does not wait until it has ended."""
        ...
