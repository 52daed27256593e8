"""What a person takes home. Adding a format is adding a file with ``write``, and its name to ``FORMATS``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from xfer_core.errors import XferError
from xfer_core.exports import artifacts, curves, onnx, recipe, report, script
from xfer_core.runs.store import Store

FORMATS = (report, recipe, curves, artifacts, onnx, script)
"""Each has ``write(store, run, folder) -> list[Path]``, which raises an XferError for what has to be left out."""


@dataclass(frozen=True)
class Exported:
    """What was written, and what was left out with the reason; :func:`xfer_core.errors.say` makes it a sentence."""

    files: list[Path] = field(default_factory=list)
    left_out: list[XferError] = field(default_factory=list)


def export_run(store: Store, run: str, folder: Path) -> Exported:
    """Write a run to ``folder`` in every format that this run and this installation allow.

    Raises:
        XferError: ``unknown_run``.
    """
    row = store.get(run)
    folder.mkdir(parents=True, exist_ok=True)
    exported = Exported()
    for form in FORMATS:
        try:
            exported.files.extend(form.write(store, row, folder))
        except XferError as error:
            exported.left_out.append(error)
    return exported
