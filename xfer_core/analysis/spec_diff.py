"""Differences between the specs of several runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from xfer_core.runs.spec import RunSpec, canonical

ABSENT = object()
"""Value of a field that a spec's method, network or optimiser does not have."""


def diff_specs(specs: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Path of a field → its value in every spec, for the fields that are not the same in all; "" if a spec has no such
    field.

    Args:
        specs: as JSON.
    """
    flat = [_flat(spec) for spec in specs]
    paths = dict.fromkeys(path for one in flat for path in one)
    found = {path: [one.get(path, "") for one in flat] for path in paths}
    return {path: values for path, values in found.items() if len(set(values)) > 1}


def _flat(spec: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in spec.items():
        if isinstance(value, Mapping) and value:
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value if isinstance(value, str) else canonical(value)
    return found


def telling_differences(specs: Sequence[RunSpec]) -> dict[str, list[Any]]:
    """Path of a field → its JSON value in every spec, for the fields that differ; the λ of all terms are one field.
    Fields that only some methods have are left out if they have their default value.

    Args:
        specs: at least one.
    """
    parts = [dict(_fields(spec)) for spec in specs]
    found: dict[str, list[Any]] = {}
    for path in dict.fromkeys(path for one in parts for path in one):
        values = [one.get(path, (ABSENT, None)) for one in parts]
        missing = any(value is ABSENT for value, _default in values)
        if missing and all(value is ABSENT or value == default for value, default in values):
            continue
        if len({"" if value is ABSENT else canonical(value) for value, _default in values}) > 1:
            found[path] = [value for value, _default in values]
    order = list(RunSpec.model_fields)
    return dict(sorted(found.items(), key=lambda field: order.index(field[0].partition(".")[0])))


def _fields(form: BaseModel, prefix: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Path, value and default of every field, as JSON values."""
    values, defaults = form.model_dump(mode="json"), type(form)().model_dump(mode="json")
    for name, value in values.items():
        part = getattr(form, name)
        if isinstance(part, BaseModel):
            yield from _fields(part, f"{prefix}{name}.")
        else:
            yield prefix + name, (value, defaults[name])


def why_not_comparable(specs: Iterable[Mapping[str, Any]]) -> list[str]:
    """Why accuracies of these runs are not comparable: the differing fields among targets, unseen domains and tasks.
    Empty if they are comparable."""
    problems = [spec["problem"] for spec in specs]
    return [
        name for name in ("target", "unseen", "tasks") if len({canonical(problem[name]) for problem in problems}) > 1
    ]
