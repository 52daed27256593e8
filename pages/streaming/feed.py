"""One shared tail a run: what its writer adds is read from the store once, however many people watch.

Every watcher keeps a cursor for each of its runs. A tick of the pump gathers the distinct cursors, reads "everything
after" once for each of them, and hands the same text to all who stand there. Whoever joins late stands at its own
cursor for one tick, gets what it lacks, and from then on stands with the others: there is no second way for a backlog.
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
    """What one run has to say to everybody who stands at the same cursor.

    Attributes:
        run: the run's id.
        seq: the cursor after this message.
        head: status, progress, result and reason as JSON; a message without news is worth sending if this changed.
        data: the whole message as JSON. Its events come before its points: a "resumed" event at step s makes void
            what was shown beyond s and every test result, and what the same message has of these was measured after it.
        fresh: whether it brings points or events.
        status: the run's status.
    """

    run: str
    seq: int
    head: str
    data: str
    fresh: bool
    status: str


class Subscriber:
    """One listener: where it stands in each of its runs, and what waits for it."""

    def __init__(self, cursors: Mapping[str, int]) -> None:
        self.cursors = dict(cursors)
        self.heads: dict[str, str] = {}
        self.open = set(cursors)  # runs that can still change
        self.inbox: list[Message] = []
        self._wake = asyncio.Event()

    async def wait(self, timeout: float) -> list[Message]:
        """What arrived since the last call; an empty list after ``timeout`` seconds of silence."""
        try:
            await asyncio.wait_for(self._wake.wait(), timeout)
        except TimeoutError:
            return []
        self._wake.clear()
        messages, self.inbox = self.inbox, []
        return messages

    @property
    def ended(self) -> bool:
        """Whether everything was handed out and nothing can follow."""
        return not self.open and not self.inbox

    @property
    def has_curves(self) -> bool:
        """Whether it stands beyond the first news of every run that can still change."""
        return all(self.cursors[run] for run in self.open)

    def poll(self, message: Message) -> None:
        """Put a message into the inbox, unless it says nothing new."""
        if message.fresh or self.heads.get(message.run) != message.head:
            self.inbox.append(message)
            self.heads[message.run] = message.head
            self.cursors[message.run] = message.seq
            self._wake.set()
        if message.status in FINAL:
            self.open.discard(message.run)


class RunFeed:
    """The tails of all runs that somebody watches, followed by one task.

    Args:
        store_factory: opens the store; called once, in a worker thread.
        interval: seconds between two looks while somebody waits for a first point.
        steady: the same while everybody has curves that grow: each look costs a little of the cores that train.
        slow: the same for a run that moves only after somebody resumed it.
    """

    def __init__(
        self, store_factory: Callable[[], Store], interval: float = 0.1, steady: float = 0.5, slow: float = 1.0
    ) -> None:
        self.store_factory, self.interval, self.steady, self.slow = store_factory, interval, steady, slow
        self.watchers: set[Subscriber] = set()
        self._store: Store | None = None
        self._due: dict[str, float] = {}  # run → when to look again, for those that are looked at slowly
        self._pump: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()  # somebody came or went

    @contextmanager
    def subscribe(self, cursors: Mapping[str, int]) -> Iterator[Subscriber]:
        """Watch runs from (run, seq) on; 0 is the beginning. The pump runs while anybody watches."""
        watcher = Subscriber(cursors)
        self.watchers.add(watcher)
        self._moved.set()
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._follow())
        try:
            yield watcher
        finally:
            self.watchers.discard(watcher)
            self._moved.set()

    async def _follow(self) -> None:
        while self.watchers:
            pause = self.steady if all(watcher.has_curves for watcher in self.watchers) else self.interval
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
        """Run → distinct cursors to read from. Who has not fetched its last messages is passed over: no inbox grows."""
        now = asyncio.get_running_loop().time()
        self._due = {run: due for run, due in self._due.items() if due > now}
        wanted: dict[str, set[int]] = {}
        for watcher in self.watchers:
            if watcher.inbox:
                continue
            for run in watcher.open:
                if run not in self._due or run not in watcher.heads:
                    wanted.setdefault(run, set()).add(watcher.cursors[run])
        return wanted

    def _read(self, wanted: Mapping[str, set[int]]) -> list[tuple[int, Message]]:
        """One query for all rows, then one a run and cursor: (cursor, what follows it)."""
        if self._store is None:
            self._store = self.store_factory()
        # Rows first: the points of a run that is seen as finished are then all there.
        rows = {row.id: row for row in self._store.find(ids=list(wanted))}
        messages = []
        for run, cursors in wanted.items():
            for cursor in cursors:
                news = self._store.updates_since(run, cursor) if run in rows else RunUpdate(cursor, [], [])
                messages.append((cursor, _message(run, rows.get(run), news, cursor)))
        return messages

    def _hand_out(self, messages: list[tuple[int, Message]]) -> None:
        now = asyncio.get_running_loop().time()
        ready = [watcher for watcher in self.watchers if not watcher.inbox]
        for cursor, message in messages:
            if message.status in RESUMABLE:
                self._due[message.run] = now + self.slow
            for watcher in ready:
                if message.run in watcher.open and watcher.cursors[message.run] == cursor:
                    watcher.poll(message)


def thin_curve(curve: list[tuple[int, float]], most: int) -> list[tuple[int, float]]:
    """At most so many (step, value) of a curve, those that the eye would miss; what is no number is not passed over."""
    values = np.array([value for _step, value in curve], float)
    if len(curve) <= most or not np.isfinite(values).all():
        return curve
    kept = downsample(np.array([step for step, _value in curve]), values, most)
    return [curve[index] for index in kept]


def _message(run: str, row: Run | None, news: RunUpdate, cursor: int) -> Message:
    status = row.status if row else UNKNOWN
    head = {
        "run": run,
        "status": status,
        "progress": row and row.progress,
        "result": row and row.result,
        "reason": row and row.reason,
    }
    points: dict[str, list[tuple[int, float]]] = {}
    for name, step, value in news.points:
        points.setdefault(name, []).append((step, value))
    most = MOST_POINTS if cursor else MOST_AT_FIRST
    points = {name: thin_curve(curve, most) for name, curve in points.items()}
    events = [{key: event[key] for key in ("kind", "step", "details", "time")} for event in news.events]
    return Message(
        run=run,
        seq=news.seq,
        head=_json(head),
        data=_json({**head, "events": events, "points": points}),
        fresh=bool(points or events),
        status=status,
    )


def _json(value: Any) -> str:
    return to_json(value, separators=(",", ":"))
