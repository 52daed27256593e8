"""Feed of run updates: new points and events are read from the store once, however many subscribers there are.

Every subscriber keeps a cursor for each of its runs. A tick of the pump collects the distinct cursors, reads everything
after each of them once, and sends the same text to all subscribers with that cursor. A late subscriber has a cursor of
its own for one tick, receives the backlog, and afterwards shares the cursor of the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from xfer_core.analysis.learning_curves import downsample
from xfer_core.runs.store import FINISHED, RESUMABLE, STOPPED, Run, RunUpdate, Store
from xfer_core.strict_json import to_json

logger = logging.getLogger(__name__)

UNKNOWN = "unknown"
# Points of a curve in one message, so that what a browser draws does not depend on how fast a network trains: a message
# comes every ``steady`` seconds. The store keeps every step.
MOST_POINTS, MOST_AT_FIRST = 50, 1000
FINAL = (FINISHED, STOPPED, UNKNOWN)


@dataclass(frozen=True)
class Message:
    """The update of one run for all subscribers with the same cursor.

    Attributes:
        run: the run's id.
        seq: the cursor after this message.
        head: status, progress, result and reason as JSON; a message without points or events is sent if this changed.
        data: the whole message as JSON. Its events come before its points: a "resumed" event at step s invalidates
            points after s and all test results sent before; those in the same message were measured after it.
        fresh: whether it has points or events.
        status: the run's status.
    """

    run: str
    seq: int
    head: str
    data: str
    fresh: bool
    status: str


class Subscriber:
    """One subscriber: its cursor in each of its runs, and its inbox."""

    def __init__(self, cursors: Mapping[str, int]) -> None:
        self.cursors = dict(cursors)
        self.heads: dict[str, str] = {}
        self.open = set(cursors)  # runs that can still change
        self.inbox: list[Message] = []
        self._wake = asyncio.Event()

    async def wait(self, timeout: float) -> list[Message]:
        """Messages since the last call; an empty list after ``timeout`` seconds without any."""
        try:
            await asyncio.wait_for(self._wake.wait(), timeout)
        except TimeoutError:
            return []
        self._wake.clear()
        messages, self.inbox = self.inbox, []
        return messages

    @property
    def ended(self) -> bool:
        """Whether all messages were taken and no further ones can follow."""
        return not self.open and not self.inbox

    @property
    def has_curves(self) -> bool:
        """Whether it has received a first update of every run that can still change."""
        return all(self.cursors[run] for run in self.open)

    def poll(self, message: Message) -> None:
        """Put a message into the inbox, unless it is unchanged."""
        if message.fresh or self.heads.get(message.run) != message.head:
            self.inbox.append(message)
            self.heads[message.run] = message.head
            self.cursors[message.run] = message.seq
            self._wake.set()
        if message.status in FINAL:
            self.open.discard(message.run)


class RunFeed:
    """Polls the store for all subscribed runs, in one task.

    Args:
        store_factory: opens the store; called once, in a worker thread.
        interval: seconds between two polls while a subscriber waits for a first point.
        steady: the same while all subscribers have curves: each poll costs time of the cores that train.
        slow: the same for a run that changes only after it is resumed.
    """

    def __init__(
        self, store_factory: Callable[[], Store], interval: float = 0.1, steady: float = 0.5, slow: float = 1.0
    ) -> None:
        self.store_factory, self.interval, self.steady, self.slow = store_factory, interval, steady, slow
        self.watchers: set[Subscriber] = set()
        self._store: Store | None = None
        self._due: dict[str, float] = {}  # run → time of the next poll, for those that are polled slowly
        self._pump: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()  # a subscriber came or went

    @contextmanager
    def subscribe(self, cursors: Mapping[str, int]) -> Iterator[Subscriber]:
        """Subscribe to runs from (run, seq) on; 0 is the beginning. The pump runs while there are subscribers."""
        subscriber = Subscriber(cursors)
        self.watchers.add(subscriber)
        self._moved.set()
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._follow())
        try:
            yield subscriber
        finally:
            self.watchers.discard(subscriber)
            self._moved.set()

    async def _follow(self) -> None:
        while self.watchers:
            pause = self.steady if all(subscriber.has_curves for subscriber in self.watchers) else self.interval
            try:
                if wanted := self._wanted():
                    self._hand_out(await asyncio.to_thread(self._read, wanted))
            except Exception:  # a locked or vanished database must not silence every open page for good
                logger.exception("The run store could not be read; trying again")
                pause = self.slow
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), pause)
            self._moved.clear()

    def _wanted(self) -> dict[str, set[int]]:
        """Run → distinct cursors to read from. Subscribers with a full inbox are skipped, so that no inbox grows."""
        now = asyncio.get_running_loop().time()
        self._due = {run: due for run, due in self._due.items() if due > now}
        wanted: dict[str, set[int]] = {}
        for subscriber in self.watchers:
            if subscriber.inbox:
                continue
            for run in subscriber.open:
                if run not in self._due or run not in subscriber.heads:
                    wanted.setdefault(run, set()).add(subscriber.cursors[run])
        return wanted

    def _read(self, wanted: Mapping[str, set[int]]) -> list[tuple[int, Message]]:
        """One query for all rows, then one per run and cursor: (cursor, message after it)."""
        if self._store is None:
            self._store = self.store_factory()
        # Rows first: if a run is finished here, all its points are in the store.
        rows = {row.id: row for row in self._store.find(ids=list(wanted))}
        messages = []
        for run, cursors in wanted.items():
            for cursor in cursors:
                updates = self._store.updates_since(run, cursor) if run in rows else RunUpdate(cursor, [], [])
                messages.append((cursor, _message(run, rows.get(run), updates, cursor)))
        return messages

    def _hand_out(self, messages: list[tuple[int, Message]]) -> None:
        now = asyncio.get_running_loop().time()
        ready = [subscriber for subscriber in self.watchers if not subscriber.inbox]
        for cursor, message in messages:
            if message.status in RESUMABLE:
                self._due[message.run] = now + self.slow
            for subscriber in ready:
                if message.run in subscriber.open and subscriber.cursors[message.run] == cursor:
                    subscriber.poll(message)


def thin_curve(curve: list[tuple[int, float]], most: int) -> list[tuple[int, float]]:
    """At most ``most`` visually relevant (step, value) of a curve; one with NaN or infinity stays whole."""
    values = np.array([value for _step, value in curve], float)
    if len(curve) <= most or not np.isfinite(values).all():
        return curve
    indices = downsample(np.array([step for step, _value in curve]), values, most)
    return [curve[index] for index in indices]


def _message(run: str, row: Run | None, updates: RunUpdate, cursor: int) -> Message:
    status = row.status if row else UNKNOWN
    head = {
        "run": run,
        "status": status,
        "progress": row and row.progress,
        "result": row and row.result,
        "reason": row and row.reason,
    }
    points: dict[str, list[tuple[int, float]]] = {}
    for name, step, value in updates.points:
        points.setdefault(name, []).append((step, value))
    most = MOST_POINTS if cursor else MOST_AT_FIRST
    points = {name: thin_curve(curve, most) for name, curve in points.items()}
    events = [{key: event[key] for key in ("kind", "step", "details", "time")} for event in updates.events]
    return Message(
        run=run,
        seq=updates.seq,
        head=_json(head),
        data=_json({**head, "events": events, "points": points}),
        fresh=bool(points or events),
        status=status,
    )


def _json(value: Any) -> str:
    return to_json(value, separators=(",", ":"))
