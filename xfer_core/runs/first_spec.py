"""The run that Train proposes first for somebody's own domains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xfer_core.domains import domain_info
from xfer_core.errors import XferError
from xfer_core.runs.spec import RunSpec

BUDGETS = (5, 3, 2, 1, "all")  # labels per class, the first that the target has


def first_spec(keys: Sequence[str]) -> RunSpec:
    """Fine-tuning from one of these domains to another; a network from scratch where there is only one.

    The domain called ``source`` is the source, that called ``target`` the target; else the two largest.

    Args:
        keys: domains of one import, at least one.

    Returns:
        A spec that can be trained, with as many of 5 labels per class as the target has; if none can, the one with 5.

    Raises:
        XferError: ``unknown_domain``.
    """
    return spec_between(*_roles(keys))


def spec_between(source: Sequence[str], target: Sequence[str]) -> RunSpec:
    """Fine-tuning between these domains, as :func:`first_spec`; a network from scratch without a source."""
    wanted: dict[str, Any] = {"problem": {"source": tuple(source), "target": tuple(target)}}
    if not source:
        wanted["strategy"] = {"kind": "target_only"}
    specs = [RunSpec.model_validate(_with_budget(wanted, budget)) for budget in BUDGETS]
    return next(filter(_is_accepted, specs), specs[0])


def _roles(keys: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Source and target, each one domain; no source if there is only one domain."""
    if len(keys) == 1:
        return (), (keys[0],)
    by_size = sorted(keys, key=lambda key: -domain_info(key).samples)
    source = next((key for key in keys if key.endswith(".source")), "")
    target = next((key for key in keys if key.endswith(".target") and key != source), "")
    source = source or next(key for key in by_size if key != target)
    target = target or next(key for key in by_size if key != source)
    return (source,), (target,)


def _with_budget(wanted: dict[str, Any], budget: int | str) -> dict[str, Any]:
    return {**wanted, "problem": {**wanted["problem"], "labels_per_class": budget}}


def _is_accepted(spec: RunSpec) -> bool:
    try:
        spec.check()
    except XferError:
        return False
    return True
