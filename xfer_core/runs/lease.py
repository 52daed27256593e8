"""Lease in the store: its owner serves the queue. (A live process may not serve; a lock's file can be removed.)"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from xfer_core.runs import schema
from xfer_core.runs.process import identity, is_alive

LEASE_SECONDS = 5.0  # without a renewal, by the watcher's own clock, after which another process may serve
QUEUE = "queue"


class LeaseLost(Exception):
    """The lease has another owner now, or none."""


class Held(NamedTuple):
    """The lease when it was read: its owner ("" for none), and a count that grows with every renewal."""

    owner: str
    renewals: int


def new_owner() -> str:
    """A new owner name for this process."""
    return f"{identity()}#{secrets.token_hex(4)}"


def read(connection: Connection) -> Held:
    """The current lease; −1 renewals if it never had an owner in this database."""
    query = sa.select(schema.leases.c.owner, schema.leases.c.renewals).where(schema.leases.c.name == QUEUE)
    row = connection.execute(query).first()
    return Held(*row) if row else Held("", -1)


def take(connection: Connection, owner: str, seen: Held) -> bool:
    """Take the lease for this owner, if it is unchanged since ``seen``; whether it was."""
    table = schema.leases
    if seen.renewals < 0:
        if read(connection).renewals >= 0:
            return False
        # If two processes do this at once, the second violates the primary key, and its transaction fails.
        connection.execute(table.insert().values(name=QUEUE, owner=owner, renewals=0))
        return True
    unchanged = (table.c.name == QUEUE, table.c.owner == seen.owner, table.c.renewals == seen.renewals)
    return _changed(connection, table.update().where(*unchanged).values(owner=owner, renewals=seen.renewals + 1))


def renew(connection: Connection, owner: str) -> None:
    """Count up. The rest of the transaction is then done only by the owner of the lease.

    Raises:
        LeaseLost: it has another owner.
    """
    table = schema.leases
    mine = (table.c.name == QUEUE, table.c.owner == owner)
    if not _changed(connection, table.update().where(*mine).values(renewals=table.c.renewals + 1)):
        raise LeaseLost(owner)


def release(connection: Connection, owner: str) -> None:
    """Release the lease, if this owner holds it."""
    table = schema.leases
    mine = (table.c.name == QUEUE, table.c.owner == owner)
    connection.execute(table.update().where(*mine).values(owner="", renewals=table.c.renewals + 1))


def _changed(connection: Connection, change: sa.Update) -> bool:
    return connection.execute(change).rowcount == 1


class Watch:
    """Detects whether the queue is served, from renewals of the lease; uses only this process's own clock.

    Args:
        look: reads the lease.
    """

    def __init__(self, look: Callable[[], Held]) -> None:
        self._look = look
        self.seen = Held("", -1)
        self._since, self._renewed = 0.0, False

    def served(self) -> bool | None:
        """Whether it is served; None until the lease was watched for long enough."""
        now = time.monotonic()  # before reading: a process suspended in between must not count that time as silence
        before, self.seen = self.seen, self._look()
        if not self.seen.owner or is_alive(self.seen.owner.partition("#")[0]) is False:
            self._renewed = False
            return False
        if before != self.seen:
            self._since, self._renewed = now, before.owner == self.seen.owner
            return True if self._renewed else None
        if now - self._since > LEASE_SECONDS:
            return False
        return True if self._renewed else None

    def wait(self, pause: float = 0.1) -> bool:
        """Wait for :meth:`served`: about a second if it is served, :data:`LEASE_SECONDS` if that stays unknown."""
        while (served := self.served()) is None:
            time.sleep(pause)
        return served
