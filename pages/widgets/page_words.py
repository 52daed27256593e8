"""Page titles of what recipes and the command line spell as paths and keys: fields, domains, methods, rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from xfer_core.domains import domain_info, domain_keys
from xfer_core.names import LAMBDA, TermName, term_of_lambda
from xfer_core.networks import NETWORKS
from xfer_core.problems.problem import Problem
from xfer_core.selections import RULES
from xfer_core.strategies import STRATEGIES, TITLES
from xfer_core.training import OPTIMIZERS, TrainingConfig

OWN = {
    "strategy": "Method",
    "strategy.kind": "Method",
    "network": "Network",
    "network.kind": "Network",
    "training.optimizer.kind": "Optimiser",
    "problem.source": "Source",
    "problem.target": "Target",
    "problem.tasks": "Tasks",
    "problem.unseen": "Unseen (test-only) domains",
    "problem.labels_per_class": "Labels per class",
    "strategy.frozen": "Frozen layers",
    "seed": "Seed",
    "lr": "Learning rate",
    "loss": "Loss",
    "experiment.seeds": "Seeds",
    "experiment.budgets": "Labels per class",
    "experiment.conditions": "Methods",
    "version": "Version",
}
"""Titles of fields without one of their own, or for which the page has a shorter one."""


@cache
def field_titles() -> dict[str, str]:
    """Path of a field, as ``--set`` spells it → its title in English. A field that several methods have takes its
    title from the first of them."""
    titles: dict[str, str] = {}
    for prefix, forms in (
        ("problem.", (Problem,)),
        ("network.", NETWORKS),
        ("strategy.", STRATEGIES),
        ("training.optimizer.", OPTIMIZERS),
        ("training.", (TrainingConfig,)),
    ):
        for form in forms:
            for name, field in form.model_fields.items():
                if field.title:
                    titles.setdefault(prefix + name, field.title)
    return titles | OWN


def page_word(value: Any, translate: Callable[[str], str]) -> Any:
    """A value of an error in the page's words; unknown values stay as they are.

    Args:
        value: a field's path, a domain's key, a term, a method's kind, a rule's name, or a collection of those.
        translate: maps an English text to the viewer's language.
    """
    if isinstance(value, (list, tuple, set, frozenset)):
        return [page_word(item, translate) for item in _in_order(value)]
    if not isinstance(value, str):
        return value
    if value.startswith(f"{LAMBDA}/"):
        return f"λ {page_word(term_of_lambda(value), translate)}"
    if title := field_titles().get(value):
        return translate(title)
    if value in TITLES:
        return translate(TITLES[value])
    if value in RULES:
        return translate(RULES[value].title)
    if value in domain_keys():
        return translate(domain_info(value).card.title)
    term = TermName.parse(value)
    if term.task and term.domain in domain_keys():
        return f"{translate(domain_info(term.domain).card.title)} · {term.task}"
    if ", " in value:  # several, written as one text
        return ", ".join(str(page_word(part, translate)) for part in value.split(", "))
    return value


def _in_order(values: Iterable[Any]) -> list[Any]:
    return sorted(values, key=str) if isinstance(values, (set, frozenset)) else list(values)
