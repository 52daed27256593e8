"""Command ``list``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from xfer_core.strict_json import to_json


def list_entries(options: argparse.Namespace) -> int:
    """List the entries of one registry."""
    rows = {"domains": _domains, "networks": _networks, "strategies": _strategies, "selections": _selections}
    found = rows[options.what]()
    if options.json:
        print(to_json(found))
    else:
        for row in found:
            print(f"{row.get('key') or row['kind']:<22}{row['summary']}")
    return 0


def _domains() -> list[dict[str, Any]]:
    from xfer_core.domains import domain_info, domain_keys, is_available

    return [
        {
            "key": key,
            "title": info.card.title,
            "summary": info.card.description,
            "source": info.card.source,
            "licence": info.card.licence,
            "recipe": info.card.recipe,
            "notice": info.card.notice,
            "samples": info.samples,
            "modality": info.spec.modality,
            "shape": list(info.spec.raw_shape),
            "parameters": info.parameters.model_json_schema()["properties"] if info.parameters else {},
            "tasks": {name: list(classes) for name, classes in info.tasks.items()},
            "here": is_available(key),
            "megabytes": info.download.megabytes if info.download else 0,
        }
        for key, info in zip(domain_keys(), map(domain_info, domain_keys()), strict=True)
    ]


def _forms(classes: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {
            "kind": form.kind_name(),
            **{key: getattr(form, key) for key in ("title", "family") if hasattr(form, key)},
            "summary": form.__doc__.strip().splitlines()[0],
            "schema": form.model_json_schema(),
        }
        for form in classes
    ]


def _networks() -> list[dict[str, Any]]:
    from xfer_core.networks import NETWORKS

    return _forms(NETWORKS)


def _strategies() -> list[dict[str, Any]]:
    from xfer_core.strategies import STRATEGIES

    return _forms(STRATEGIES)


def _selections() -> list[dict[str, Any]]:
    from xfer_core.selections import SELECTIONS

    return _forms(SELECTIONS)
