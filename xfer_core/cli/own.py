"""Commands ``import`` and ``forget``: own data."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xfer_core.cli.inputs import split_setting
from xfer_core.errors import XferError, format_error
from xfer_core.strict_json import to_json

if TYPE_CHECKING:
    from xfer_core.imports import Finding

SHOWN = 10  # reasons of each kind


def import_data(options: argparse.Namespace) -> int:
    """Say what was understood of a file or folder, and store it as domains unless only asked to check."""
    from xfer_core.imports import examine, store

    if not options.path.exists():
        raise XferError("no_file", "path", options.path, reason="it is not there")
    name: str = options.name or ("" if options.check else options.path.stem)
    finding = examine(options.path, _choices(options.set), _progress("reading"))
    keys = () if options.check else store(finding, name, _progress("storing"))
    if options.json:
        print(to_json(_described(finding, keys)))
        return 0
    for found in finding.domains:
        title = f"{found.name}: " if found.name else ""
        tested = f", {found.tested} of them for the test" if found.tested else ""
        print(f"{title}{found.samples} samples{tested}")
        for task, classes in found.tasks.items():
            counts = ", ".join(f"{label} {count}" for label, count in classes.items())
            print(f"  {task}: {counts or 'a number'}")
    for errors in (finding.notes, finding.skipped):
        for error in errors[:SHOWN]:
            print(format_error(error))
        if len(errors) > SHOWN:
            print(f"… and {len(errors) - SHOWN} more")
    if keys:
        print("stored as " + ", ".join(keys))
    return 0


def forget_data(options: argparse.Namespace) -> int:
    """Remove the domains of an import."""
    from xfer_core.imports import forget

    print("removed " + ", ".join(forget(options.name)))
    return 0


def _choices(texts: list[str]) -> dict[str, object]:
    return {field.strip(): value for field, value in map(split_setting, texts)}


def _progress(what: str) -> Callable[[float], object]:
    """Progress on the error stream, if that is a terminal."""
    if not sys.stderr.isatty():
        return float

    def show(fraction: float) -> None:
        print(f"\r{what} {fraction:.0%}", end="\n" if fraction >= 1 else "", file=sys.stderr, flush=True)

    return show


def _described(finding: Finding, keys: tuple[str, ...]) -> dict[str, Any]:
    return {
        "modality": finding.modality,
        "choices": finding.choices.model_dump(),
        "domains": [
            {"name": found.name, "samples": found.samples, "tested": found.tested, "tasks": found.tasks}
            for found in finding.domains
        ],
        "notes": [format_error(error) for error in finding.notes],
        "skipped": [format_error(error) for error in finding.skipped],
        "keys": list(keys),
    }
