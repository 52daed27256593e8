"""Deletes runs with their files."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from xfer_core.errors import XferError
from xfer_core.runs.store import Store
from xfer_core.workspace import current_workspace


def runs_without_rows(store: Store) -> XferError | None:
    """An error if the database contains no run although files of runs exist; else None."""
    folder = current_workspace().folder
    count = len(list(folder.iterdir())) if folder.is_dir() else 0
    if count and not store.find(limit=1):
        return XferError("runs_without_rows", "XFER_HOME", folder.parent, count=count)
    return None


def delete_runs(store: Store, runs: Sequence[str]) -> None:
    """Delete these runs with their checkpoints and weights.

    Raises:
        XferError: ``not_in_status`` if one is waiting or running; then none is deleted.
    """
    store.delete(runs)
    for run in runs:
        shutil.rmtree(current_workspace().artifacts(run), ignore_errors=True)
