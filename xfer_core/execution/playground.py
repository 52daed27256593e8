"""Runs that are played: small networks of points in the plane that a person starts, holds and steps while looking.

They are ordinary runs in a store of their own, with a dispatcher of its own: they are many, short and soon replaced.
They must neither wait for the runs that people keep nor stand among them. A run is there from the moment that the page
shows it, and holds before its first step until somebody presses Play.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import suppress

from xfer_core.domains import registry
from xfer_core.errors import XferError
from xfer_core.execution.dispatcher import ensure_dispatcher
from xfer_core.runs.deletion import delete_runs
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import LIVE, PAUSED, RESUMABLE, Store
from xfer_core.settings import Settings, settings
from xfer_core.workspace import Workspace

SLOTS = 200  # runs at a time: each is small, and mostly waits
IDLE_MINUTES = 5.0
KEPT_SECONDS = 1800.0  # after which a run that nobody plays any more is deleted
DELETED_AT_ONCE = 40


def playground_settings() -> Settings:
    """The settings of the playground's dispatcher and workers."""
    chosen = settings()
    own = {"home": chosen.home / "playground", "database_url": "", "slots": SLOTS, "threads": 1, "warm_points": True}
    return chosen.model_copy(update={**own, "idle_minutes": IDLE_MINUTES})


def playground_workspace() -> Workspace:
    """Its store and its files."""
    chosen = playground_settings()
    return Workspace("", registry(), chosen.database, chosen.home / "runs")


def begin_play(store: Store, specs: Sequence[tuple[RunSpec, str]], rate: float, speed: float = 0.0) -> list[str]:
    """Start runs that hold before their first step.

    Args:
        store: of the playground.
        specs: each with its name.
        rate: frames a second.
        speed: steps a second; 0 for as fast as it goes.

    Returns:
        Their ids.
    """
    runs = store.create_many(specs, status=PAUSED)
    for run in runs:
        _resume(store, run, 0, rate, speed)
    ensure_dispatcher(playground_settings())
    return runs


def play(store: Store, runs: Sequence[str], rate: float, steps: float = math.inf, speed: float = 0.0) -> None:
    """Let runs do so many steps and then hold; 0 holds them now. One whose worker ended, because nobody looked or by an
    accident, goes on at this speed."""
    for row in store.find(ids=list(runs)):
        with suppress(XferError):  # it ended meanwhile, or was deleted
            if row.status in LIVE:
                store.command(row.id, "allow", value=steps)
        with suppress(XferError):  # it still trains
            if steps:
                _resume(store, row.id, steps, rate, speed)
    if steps:
        ensure_dispatcher(playground_settings())


def _resume(store: Store, run: str, steps: float, rate: float, speed: float) -> None:
    """Have a run that no worker trains go on, with its pace: a new worker knows nothing of it.

    Raises:
        XferError: ``not_in_status`` if it is trained, or has ended.
    """
    status = store.get(run).status
    if status not in RESUMABLE:
        raise XferError("not_in_status", "resume", status, allowed=RESUMABLE)
    if status != PAUSED:  # commands are for runs that can still hear them
        store.update(run, status=PAUSED)
    store.command(run, "allow", value=steps)
    store.command(run, "speed", value=speed)
    store.command(run, "frames", value=rate)
    store.command(run, "resume")


def end_play(store: Store, runs: Sequence[str]) -> None:
    """End runs that are not shown any more, and delete old ones, of anybody."""
    for row in store.find(ids=list(runs), statuses=(*LIVE, PAUSED)):
        with suppress(XferError):  # it ended meanwhile
            store.command(row.id, "stop")
    old = store.ended_before(time.time() - KEPT_SECONDS, DELETED_AT_ONCE)
    with suppress(XferError), playground_workspace().use():
        delete_runs(store, old)
