"""Exports the spec of a run as a recipe file."""

from __future__ import annotations

from pathlib import Path

from xfer_core.exports.live_changes import with_changes
from xfer_core.runs.store import Run, Store
from xfer_core.strict_json import to_json

FILE = "recipe.json"


def recipe_text(store: Store, run: Run) -> str:
    """JSON for ``python -m xfer_core train`` and for "Open a recipe" on the pages. It includes the run's live changes
    (``training.live_changes``), so that it gives the same numbers again."""
    return to_json(with_changes(store, run).model_dump(mode="json"), indent=2) + "\n"


def names(run: Run) -> list[str]:
    """``recipe.json``."""
    return [FILE]


def write(store: Store, run: Run, folder: Path) -> list[Path]:
    """Write ``recipe.json``."""
    path = folder / FILE
    path.write_text(recipe_text(store, run))
    return [path]
