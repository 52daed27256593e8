"""Workspace: whose work it is, with its domains, its database and its files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from xfer_core.domains import DomainRegistry, registry, use_registry
from xfer_core.settings import settings


@dataclass(frozen=True)
class Workspace:
    """The work of one owner. An installation has one, unless a program makes others.

    Attributes:
        owner: empty for the installation's own.
        domains: the registry that its problems refer to.
        database: SQLAlchemy URL of its run store.
        folder: of its runs' files.
    """

    owner: str
    domains: DomainRegistry
    database: str
    folder: Path

    def artifacts(self, run: str) -> Path:
        """Folder of one run's files: checkpoint, snapshots, weights, sample weights."""
        return self.folder / run

    @contextmanager
    def use(self) -> Iterator[Workspace]:
        """Work in it, within the block and this thread."""
        token = _current.set(self)
        try:
            with use_registry(self.domains):
                yield self
        finally:
            _current.reset(token)


_current: ContextVar[Workspace] = ContextVar("workspace")


def current_workspace() -> Workspace:
    """The workspace of the block that this runs in, see :meth:`Workspace.use`; else the installation's."""
    try:
        return _current.get()
    except LookupError:
        chosen = settings()
        return Workspace("", registry(), chosen.database, chosen.home / "runs")
