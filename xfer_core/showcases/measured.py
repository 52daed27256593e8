"""The recipes of ``xfer_core/showcases/recipes`` and what was measured of each, as it lies in
``xfer_core/showcases/accuracy.json``."""

from __future__ import annotations

import fnmatch
import json
from pathlib import Path
from typing import Any

from xfer_core.runs.spec import RunSpec, parse_spec

FOLDER = Path(__file__).parent
RECIPES, MEASURED = FOLDER / "recipes", FOLDER / "accuracy.json"
Known = dict[str, dict[str, Any]]
"""Recipe → ``spec``, whole, as it was measured; torch's version; and in ``seeds`` and ``new_seeds`` for each seed what
:func:`train` found."""


def recipes(pattern: str = "*") -> dict[str, RunSpec]:
    """``problem.kind`` or ``problem.kind-variant`` → spec, for every committed recipe whose name matches."""
    files = sorted(RECIPES.glob("*.json"))
    return {
        file.stem: parse_spec(json.loads(file.read_text())) for file in files if fnmatch.fnmatch(file.stem, pattern)
    }


def known() -> Known:
    """All results measured so far."""
    return json.loads(MEASURED.read_text()) if MEASURED.exists() else {}


def values(found: dict[str, Any]) -> list[float]:
    """The accuracy of every seed, in the order of the seeds."""
    return [found["seeds"][seed]["value"] for seed in sorted(found["seeds"], key=int)]


def is_current(found: dict[str, Any], spec: RunSpec) -> bool:
    """Whether this was measured with the present recipe, defaults included. Fields added to the spec later are
    ignored."""
    return _holds(found.get("spec"), spec.model_dump(mode="json"))


def _holds(then: Any, now: Any) -> bool:
    if isinstance(then, dict) and isinstance(now, dict):
        return all(name in now and _holds(part, now[name]) for name, part in then.items() if name != "seed")
    return then == now
