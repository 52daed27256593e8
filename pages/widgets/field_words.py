"""Fields of a spec in words: their titles and their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pages.i18n import _
from pages.widgets.change_words import change_words
from pages.widgets.chart_runs import term_titles
from pages.widgets.domains import domain_title, task_title
from pages.widgets.page_words import field_titles
from xfer_core.errors import XferError
from xfer_core.runs.spec import RunSpec
from xfer_core.selections import RULES
from xfer_core.strategies import TITLES
from xfer_core.strategies.base import ChoosesWeights

DOMAINS = ("problem.source", "problem.target", "problem.unseen")
NONE = "–"  # a method that has no such setting


def field_title(path: str) -> str:
    """Title of a field, such as "Steps" for ``training.steps``; text, not Markdown.

    Args:
        path: as ``--set`` spells it.
    """
    return _(field_titles().get(path, path))


def field_words(path: str, value: Any, spec: RunSpec) -> str:
    """A value in words, such as "Handwritten digits" for ``["digits.handwritten"]``; text, not Markdown.

    Args:
        path: of its field, as ``--set`` spells it.
        value: as in JSON.
        spec: the spec that it is from.
    """
    if path == "strategy.kind":
        return _(TITLES[value])
    if path == "training.selection":
        return _(RULES[value].title)
    if path == "strategy.weights":
        return lambda_words(spec)
    if path == "strategy.table":
        return _("a table is given") if value else _("none")
    if path == "training.live_changes":
        return change_words(spec.training.live_changes, spec) or _("none")
    if value is None:
        return _("as before")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int):
        return f"{value:,}" if path != "seed" else str(value)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {number}" for name, number in value.items()) or _("none")
    if isinstance(value, (list, tuple)):
        return ", ".join(_entry(path, one) for one in value) or _("none")
    return {"adam": "Adam", "sgd": "SGD"}.get(value) or _(str(value).replace("_", " "))


def _entry(path: str, value: Any) -> str:
    """One of several values of a field."""
    if path in DOMAINS:
        return domain_title(value)
    return task_title(value) if path == "problem.tasks" else str(value)


def lambda_words(spec: RunSpec) -> str:
    """λ of every loss term, such as "Handwritten digits 0.3, Photographed digits 0.7"."""
    if not isinstance(spec.strategy, ChoosesWeights) or not spec.strategy.weights:
        return _("equal")
    try:
        lambdas = spec.strategy.lambdas(spec.problem)
    except XferError:  # of domains that the problem no longer has
        return ", ".join(f"{term} {value:g}" for term, value in spec.strategy.weights.items())
    titles = term_titles(spec.strategy, list(lambdas))
    return ", ".join(f"{titles[term]} {value:g}" for term, value in lambdas.items())
