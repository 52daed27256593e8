"""Strict JSON without NaN and Infinity: the only way in which this program writes JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def to_json(value: Any, **options: Any) -> str:
    """``json.dumps`` that never writes NaN or Infinity, which JSON does not have: they become null.

    Null and not text such as "nan": a reader who expects a number can test for null, and curves draw it as a gap. The
    value is not lost where it matters: the database stores non-finite scalars by name, and a run whose network broke
    has a status and a reason.

    Args:
        value: as for ``json.dumps``.
        options: of ``json.dumps``.
    """
    return json.dumps(finite(value), allow_nan=False, **options)


def finite(value: Any) -> Any:
    """The same value with None instead of every number that is not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value
