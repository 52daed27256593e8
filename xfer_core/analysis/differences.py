"""What several runs were asked that differs between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xfer_core.runs.spec import canonical


def differences(specs: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Path of a field → its value in every spec, for the fields that are not the same in all; "" where a spec has no
    such field.

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


def comparable(specs: Iterable[Mapping[str, Any]]) -> list[str]:
    """Why accuracies of these runs do not compare: the fields of the problem, out of targets, unseen domains and tasks,
    that differ. Empty where they do."""
    problems = [spec["problem"] for spec in specs]
    return [
        name for name in ("target", "unseen", "tasks") if len({canonical(problem[name]) for problem in problems}) > 1
    ]
