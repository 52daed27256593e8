"""Runs in the store: begun, trained for a few steps, waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from xfer_core.execution.worker import run_here
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import FINISHED, QUEUED, RUNNING, Run, Store

PATIENCE = 150.0  # on a machine that others use, too
DIVERGING = (
    "training.optimizer.kind=sgd",
    "training.optimizer.lr=10",
    "strategy.kind=joint",
    'strategy.weights={"digits.photo/digit": 1e38}',
)


QUICK = ("training.steps=8", "training.batch_size=8", "training.evaluations=4", "network.width=4")


def running_run(store, *changes: str) -> str:
    return store.create(parse_spec({}, [*QUICK, *changes]), status=RUNNING)


def wait(good: Callable[[], Any], about: object = "") -> Any:
    """The first true answer."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := good()):
        assert time.monotonic() < deadline, about
        time.sleep(0.02)
    return answer


def wait_for_run(store: Store, run: str, good: Callable[[Run], object]) -> Run:
    row = store.get(run)

    def look() -> bool:
        nonlocal row
        row = store.get(run)
        return bool(good(row))

    wait(look, run)
    return row


def wait_for_end(store: Store, run: str, status: str = FINISHED) -> Run:
    row = wait_for_run(store, run, lambda row: row.status not in (QUEUED, RUNNING))
    assert row.status == status, row.reason
    return row


def trained_run(store: Store, *changes: str):
    """A run that was really trained, for a few steps."""
    run = store.create(parse_spec({}, [*QUICK, *changes]), status=RUNNING)
    run_here(store, run, 1)
    return store.get(run)
