"""What is to be learned from what: domains in their roles, tasks and label budget."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts.domains import domain_title, sample_strip, task_title
from pages.parts.slots import Slots
from pages.parts.text import _
from xfer_core.domains import domain_keys, offered
from xfer_core.domains.problem import Problem, Role

BUDGETS = (0, 1, 2, 3, 5, 8, 10, 15, 20, 30, "all")


def choose_problem(now: Problem, prefix: str, slots: Slots) -> dict[str, Any]:
    """The controls of a problem.

    Args:
        now: what they show at first.
        prefix: starts their keys.
        slots: learns where to say what is wrong with which field.

    Returns:
        The fields of ``Problem`` as chosen; to be validated again.
    """
    left, right = st.columns(2)
    with left:
        source = _choose_domains("source", _("Source: many labels"), now.source, prefix, slots)
    with right:
        target = _choose_domains("target", _("Target: few labels"), now.target, prefix, slots)
        slots.here("problem")
    left, right = st.columns(2)
    with left:
        budget = _choose_budget(now, prefix)
        slots.here("problem.labels_per_class")
    with right:
        tasks = list(dict.fromkeys(task for key in (*source, *target) for task in offered(key).tasks)) or ["digit"]
        chosen = st.multiselect(
            _("Tasks: what to tell apart"),
            tasks,
            default=[task for task in now.tasks if task in tasks],
            format_func=task_title,
            key=f"{prefix}.tasks",
            wrap=True,
        )
        slots.here("problem.tasks")
    help_text = _("No training ever sees these. What was learned should hold there too.")
    unseen = _choose_domains("unseen", _("Unseen: only tested (optional)"), now.unseen, prefix, slots, help_text)
    return {"source": source, "target": target, "unseen": unseen, "tasks": chosen, "labels_per_class": budget}


def _choose_domains(
    role: Role, label: str, now: tuple[str, ...], prefix: str, slots: Slots, help_text: str | None = None
) -> list[str]:
    keys = list(domain_keys())
    chosen = st.multiselect(
        label,
        keys,
        default=[key for key in now if key in keys],
        format_func=domain_title,
        key=f"{prefix}.{role}",
        help=help_text,
        wrap=True,
    )
    slots.here(f"problem.{role}")
    for key in chosen:
        sample_strip(key, role)
    return chosen


def budget_label(budget: Any) -> str:
    """A label budget on a control: its number, or "all"."""
    return _("all") if budget == "all" else str(budget)


def _choose_budget(now: Problem, prefix: str) -> Any:
    budgets: list[Any] = list(BUDGETS)
    if now.labels_per_class not in budgets:
        budgets = [*sorted([*budgets[:-1], now.labels_per_class]), "all"]
    return st.select_slider(
        _("Labels of each class in the target"),
        budgets,
        now.labels_per_class,
        format_func=budget_label,
        key=f"{prefix}.budget",
    )
