"""What a person takes home. Adding a format is adding a file with ``write``, and its name to ``FORMATS``."""

from __future__ import annotations

from pathlib import Path

from xfer_core.exports import artifacts, curves, recipe
from xfer_core.runs.store import Store

FORMATS = (recipe, curves, artifacts)


def export_run(store: Store, run: str, folder: Path) -> list[Path]:
    """Write a run to ``folder`` in every format; the files written.

    Raises:
        XferError: ``unknown_run``.
    """
    row = store.get(run)
    folder.mkdir(parents=True, exist_ok=True)
    return [path for form in FORMATS for path in form.write(store, row, folder)]
