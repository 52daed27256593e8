"""JSON as every reader takes it: the one way in which values of this program become JSON text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def to_json(value: Any, **options: Any) -> str:
    """``json.dumps`` that never writes NaN or Infinity, for which JSON has no word: they become null.

    Null and not text such as "nan": a reader who expects a number can test for null, and curves draw it as a gap. What
    it was is not lost where that matters: the database keeps scalars by name, and a run whose network broke says so in
    its status and reason.

    Args:
        value: what ``json.dumps`` takes.
        options: of ``json.dumps``.
    """
    return json.dumps(finite(value), allow_nan=False, **options)


def finite(value: Any) -> Any:
    """The same value with None in place of every number that is not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value
