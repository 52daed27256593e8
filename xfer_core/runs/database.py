"""The database of the run store: opening, waiting for locks, and errors when it cannot be used."""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from filelock import FileLock
from sqlalchemy import exc
from sqlalchemy.engine import Engine
from sqlalchemy.event import listens_for

from xfer_core.errors import XferError
from xfer_core.settings import settings
from xfer_core.strict_json import to_json

SQLITE_SECONDS = 30.0  # SQLite's own wait for a lock
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds before a retry
BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
TAKEN_BACK = {"40001", "40P01", "55P03"}  # SQLSTATE: not serialisable, deadlock, lock not available
PASSWORD = re.compile(r"(://[^:/@]*:)[^@]*@")

logger = logging.getLogger(__name__)
T = TypeVar("T")


class UnusableSchema(Exception):
    """The tables cannot be migrated; the message is the reason."""


class Database:
    """One database, shared by every store of this process that names it.

    A SQLite file may be deleted or replaced under an open connection, which then reads and writes a file that no other
    process sees. So the file's identity is checked before each transaction; if it changed, the new file is opened.

    Args:
        url: SQLAlchemy URL.
        migrate: migrates the schema of an engine to the newest revision.

    Raises:
        XferError: ``no_database`` or ``no_folder``, naming the setting.
    """

    def __init__(self, url: str, migrate: Callable[[Engine], None]) -> None:
        self.url, self.migrate = url, migrate
        self.replaced: float | None = None  # when its file was found replaced, in seconds since 1970
        self._opened: dict[str, tuple[int, int]] = {}
        self._lock = threading.RLock()
        try:
            self.engine = _engine(url)
        except (exc.ArgumentError, ImportError, ValueError, TypeError) as error:
            raise XferError("no_database", *self._setting(), reason=error) from None
        file = self.engine.url.database or ":memory:"
        if self.engine.dialect.name == "sqlite" and ":memory:" in file:
            raise XferError("no_database", *self._setting(), reason="only one process sees a database in memory")
        on_disk = self.engine.dialect.name == "sqlite" and not file.startswith("file:")
        self.file = Path(file) if on_disk else None  # None: no file to check

    def work(self, job: Callable[[], T], patience: float) -> T:
        """Run a transaction, and retry it while another process keeps the database locked.

        Args:
            job: one transaction, all or nothing: a failure leaves no trace of it.
            patience: seconds to wait for a lock.

        Raises:
            XferError: ``database_locked``; ``no_database`` or ``no_folder`` if it cannot be used at all.
            sqlalchemy.exc.IntegrityError, ProgrammingError…: errors of the job itself.
        """
        deadline, pause, opened_again = time.monotonic() + patience, FIRST_PAUSE, False
        while True:
            try:
                self._open()
                return job()
            except OSError as error:
                setting, value = self._setting()
                code = "no_folder" if setting == "XFER_HOME" else "no_database"
                raise XferError(code, setting, value, reason=error.strerror or error) from error
            except UnusableSchema as error:
                raise XferError("no_database", *self._setting(), reason=error) from error
            except exc.DatabaseError as error:
                if _is_locked(error):
                    if time.monotonic() > deadline:
                        raise XferError("database_locked", *self._setting(), seconds=round(patience)) from error
                    if pause == FIRST_PAUSE:
                        logger.warning("the database is locked by another process; waiting for it")
                    time.sleep(pause)
                    pause = min(2 * pause, LONGEST_PAUSE)
                elif "no such table" in str(error.orig) and not opened_again:  # emptied under this connection
                    opened_again = True
                    self._forget()
                elif type(error) in (exc.OperationalError, exc.DatabaseError, exc.InternalError):
                    self.engine.dispose()  # the connections may hold stale data of a file
                    raise XferError("no_database", *self._setting(), reason=error.orig) from error
                else:
                    raise

    def gone(self) -> XferError | None:
        """The error for missing data if the file was replaced; None if it was not."""
        return XferError("database_replaced", *self._setting()) if self.replaced else None

    # ------------------------------------------------------------------ the file

    def _open(self) -> None:
        """Ensure that the file exists with the newest schema, and that the connections have this file open."""
        opened = self._opened
        if opened and (self.file is None or self._identity() == opened[""]):
            return
        with self._lock:
            if not self._opened:
                self._prepare()
            elif self.file is not None and self._identity() != self._opened[""]:
                self._forget()
                self._prepare()

    def _forget(self) -> None:
        """Close a file that was deleted or replaced since it was opened."""
        with self._lock:
            old = self._opened if self._identity("") != self._opened.get("") else {}
            # Whoever makes the file anew holds the same lock: a log that is seen to be the old one is still that one
            # when it is deleted, and not the new one of a process that was faster.
            here = self.file is not None and self.file.parent.is_dir()
            with FileLock(f"{self.file}.lock") if here else nullcontext():
                emptied = self.file is not None and self.file.exists() and not self._identity()
                leftovers = [
                    suffix for suffix in ("-wal", "-shm") if suffix in old and self._identity(suffix) == old[suffix]
                ]
                if self.file is not None and emptied:  # on closing, SQLite writes its log into the file
                    self.file.unlink(missing_ok=True)
                elif leftovers and self.engine.pool.checkedin():  # pyright: ignore[reportAttributeAccessIssue]
                    # Write the log into the old file, wherever that was moved to.
                    with suppress(exc.DatabaseError), self.engine.connect() as connection:
                        connection.execute(sa.text("PRAGMA wal_checkpoint(PASSIVE)"))
                self.engine.dispose()
                for suffix in leftovers:  # SQLite would use the old file's log for the new one
                    Path(f"{self.file}{suffix}").unlink(missing_ok=True)
            self._opened = {}
            self.replaced = time.time()
            logger.warning("the database %s was deleted or replaced while in use", PASSWORD.sub(r"\1***@", self.url))

    def _prepare(self) -> None:
        if self.file is None:
            self.migrate(self.engine)
            self._opened = {"": (0, 0)}
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        if not self._identity():
            with FileLock(f"{self.file}.lock"):
                if not self._identity():  # another process may have been faster
                    for suffix in ("", "-wal", "-shm"):  # left by a file that was deleted or emptied
                        Path(f"{self.file}{suffix}").unlink(missing_ok=True)
                    with self.engine.connect():
                        pass  # the file exists and is not empty before the lock is released
        self.migrate(self.engine)
        with self.engine.connect() as connection:  # creates its log, too
            connection.execute(sa.text("SELECT version_num FROM alembic_version"))
        self._opened = self._files()

    def _files(self) -> dict[str, tuple[int, int]]:
        """The identity of the database's file, its log and its index, by their suffixes; {} for an empty file."""
        found = {suffix: self._identity(suffix) for suffix in ("", "-wal", "-shm")}
        return {suffix: identity for suffix, identity in found.items() if identity} if found[""] else {}

    def _identity(self, suffix: str = "") -> tuple[int, int] | None:
        """Device and inode, which differ for another file of the same name; None for a missing or empty file."""
        try:
            stat = os.stat(f"{self.file}{suffix}")
        except FileNotFoundError:
            return None
        return (stat.st_dev, stat.st_ino) if suffix or stat.st_size else None

    def _setting(self) -> tuple[str, str]:
        """The setting that names this database, and its value, without a password."""
        chosen = settings()
        if self.url == chosen.database and not chosen.database_url:
            return "XFER_HOME", str(chosen.home)
        return "XFER_DATABASE_URL", PASSWORD.sub(r"\1***@", self.url)


def _is_locked(error: exc.DBAPIError) -> bool:
    """Whether a lock made it fail, so that a retry may succeed; nothing of it was done."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
    return (code is not None and code & 0xFF in BUSY) or state in TAKEN_BACK


def _engine(url: str) -> Engine:
    waits = {"timeout": SQLITE_SECONDS} if url.startswith("sqlite") else {}
    engine = sa.create_engine(url, connect_args=waits, json_serializer=to_json)
    if url.startswith("sqlite"):

        @listens_for(engine, "connect")
        def _prepare(connection: Any, _: Any) -> None:
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=NORMAL")
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.close()

    return engine
