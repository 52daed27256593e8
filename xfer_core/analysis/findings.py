"""What an experiment found: for each budget and arm the mean, and its difference to a reference over shared seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from xfer_core.analysis.accuracy import MeanStd, mean_std
from xfer_core.analysis.comparison import RunRecord, budgets, by_condition
from xfer_core.analysis.intervals import CONFIDENCE, Difference, adjust_for_multiple, paired_difference
from xfer_core.analysis.label_efficiency import LabelEfficiency, label_efficiency


@dataclass(frozen=True)
class ConditionSummary:
    """One arm with one budget.

    Attributes:
        arm, budget: which.
        over: mean and spread over seeds.
        difference: to the reference at the same budget, counted so that more is better, with p adjusted for all
            differences of the experiment; None for the reference itself, or where they share no seed.
    """

    condition: str
    budget: Any
    over: MeanStd
    difference: Difference | None


def default_reference(table: Sequence[RunRecord]) -> str:
    """The arm that others are compared with at first: from scratch on the target, else ERM, else the first."""
    arms = by_condition(table)
    for kind in ("target_only", "erm"):
        for arm, rows in arms.items():
            if rows[0].kind == kind:
                return arm
    return next(iter(arms))


def summarize_conditions(
    table: Sequence[RunRecord], reference: str, higher_is_better: bool = True
) -> list[ConditionSummary]:
    """Every arm at every budget, budgets in order and arms as they appear.

    All differences to the reference are one family: they stand in one table, and the level is held over all of them.
    """
    found: list[ConditionSummary] = []
    sign = 1 if higher_is_better else -1
    for budget in budgets(table):
        here = {arm: [row for row in rows if row.budget == budget] for arm, rows in by_condition(table).items()}
        values = {arm: {row.seed: sign * row.value for row in rows} for arm, rows in here.items() if rows}
        for arm, own in values.items():
            over = mean_std([sign * value for value in own.values()])
            difference = None
            if arm != reference and reference in values:
                difference = paired_difference(own, values[reference])
            found.append(ConditionSummary(arm, budget, over, difference))
    together = adjust_for_multiple([one.difference for one in found])
    return [replace(one, difference=difference) for one, difference in zip(found, together, strict=True)]


def label_efficiencies(
    table: Sequence[RunRecord], found: Sequence[ConditionSummary], reference: str
) -> dict[str, LabelEfficiency]:
    """Arm → how many labels the reference needs to do as well as the arm, at the smallest budget with which the arm is
    clearly better; nothing for arms that nowhere are.

    Args:
        table: finished runs; what is measured is an accuracy.
        found: their :func:`summarize_conditions` against the reference.
        reference: an arm.

    Returns:
        with intervals that hold for all these arms at once: each is one of 1 − 5 %/arms (Bonferroni).
    """
    curves: dict[str, dict[int, dict[int, float]]] = {}
    for row in table:
        if row.budget != "all" and row.kind != "source_only":  # it uses no target labels: there is nothing to be worth
            curves.setdefault(row.condition, {}).setdefault(row.budget, {})[row.seed] = row.value
    few: dict[str, int] = {}
    for one in found:  # budgets in order
        better = one.difference is not None and one.difference.is_significant and one.difference.mean > 0
        if better and one.budget in curves.get(one.condition, {}) and one.budget > 0:
            few.setdefault(one.condition, one.budget)
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(few))
    seen = {
        arm: label_efficiency(curves[arm], curves.get(reference, {}), least, confidence) for arm, least in few.items()
    }
    return {arm: one for arm, one in seen.items() if one is not None}
