"""Exports all scalars of a run as CSV."""

from __future__ import annotations

import csv
from pathlib import Path

from xfer_core.runs.store import Run, Store

FILE = "curves.csv"


def names(run: Run) -> list[str]:
    """``curves.csv``."""
    return [FILE]


def write(store: Store, run: Run, folder: Path) -> list[Path]:
    """Write ``curves.csv``: one row per scalar with the columns name, step, value."""
    path = folder / FILE
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "step", "value"])
        writer.writerows(store.updates_since(run.id).points)
    return [path]
