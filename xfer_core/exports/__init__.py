"""Export of a run. To add a format: add a file with ``write`` and ``names``, and its name to ``FORMATS``."""

from __future__ import annotations

import io
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from xfer_core.errors import XferError
from xfer_core.exports import artifacts, curves, data, onnx, recipe, report, script
from xfer_core.runs.store import Run, Store

FORMATS = (report, recipe, curves, artifacts, onnx, script)
"""Each has ``write(store, run, folder) -> list[Path]``, which raises an XferError if its files must be left out, and
``names(run) -> list[str]``, which checks the same without writing anything."""


@dataclass(frozen=True)
class Exported:
    """The files written, and the reasons for those left out, as errors for :func:`xfer_core.errors.format_error`."""

    files: list[Path] = field(default_factory=list)
    skipped: list[XferError] = field(default_factory=list)


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
            exported.skipped.append(error)
    return exported


def available_files(run: Run) -> tuple[list[str], list[XferError]]:
    """The names of the files that this run and this installation allow, and why others are left out. Writes nothing."""
    found: list[str] = []
    left_out: list[XferError] = []
    for form in FORMATS:
        try:
            found.extend(form.names(run))
        except XferError as error:
            left_out.append(error)
    return found, left_out


def file_content(store: Store, run: Run, name: str) -> bytes:
    """The content of one of the :func:`available_files`, generated now.

    Raises:
        XferError: the errors of the file's ``write``.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if name == script.FILE:
            script.write_script(store, run, folder)
        elif name == data.FILE:
            script.write_samples(run, folder)
        else:
            next(form for form in FORMATS if name in _names(form, run)).write(store, run, folder)
        return (folder / name).read_bytes()


def _names(form: ModuleType, run: Run) -> list[str]:
    try:
        return form.names(run)
    except XferError:
        return []


def zip_content(store: Store, run: Run) -> bytes:
    """Every file of :func:`export_run` in one zip file, in a folder named by the run."""
    content = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in export_run(store, run.id, Path(folder)).files:
            archive.write(path, f"xfer-{run.id}/{path.name}")
    return content.getvalue()
