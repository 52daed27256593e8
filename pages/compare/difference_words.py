"""Settings in which runs differ, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pages.widgets.field_words import NONE, field_title, field_words
from xfer_core.analysis.spec_diff import ABSENT, telling_differences
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import Run

ADDED = 2  # differing fields that are added to equal names


def differing_fields(specs: Sequence[RunSpec]) -> dict[str, list[str]]:
    """Title of a field → its value in each spec, for the fields that differ; text, not Markdown."""
    found: dict[str, list[str]] = {}
    for path, values in telling_differences(specs).items():
        title = "λ" if path == "strategy.weights" else field_title(path)
        texts = [
            NONE if value is ABSENT else field_words(path, value, spec)
            for spec, value in zip(specs, values, strict=True)
        ]
        found[title if title not in found else f"{title} ({path})"] = texts
    return found


def named_apart(runs: Sequence[Run]) -> list[Run]:
    """The same runs; to equal names the differing fields are added, or the id if there are none."""
    shared = Counter(run.name for run in runs)
    if max(shared.values(), default=0) < 2:
        return list(runs)
    named: dict[str, str] = {}
    for name in (name for name, count in shared.items() if count > 1):
        alike = [run for run in runs if run.name == name]
        fields = list(differing_fields([run.typed_spec for run in alike]).items())[-ADDED:]
        for i, run in enumerate(alike):
            named[run.id] = " · ".join([name, *(f"{title} {texts[i]}" for title, texts in fields)])
    twice = Counter(named.values())
    return [
        replace(run, name=name if twice[name] < 2 else f"{name} · {run.id}") if (name := named.get(run.id)) else run
        for run in runs
    ]
