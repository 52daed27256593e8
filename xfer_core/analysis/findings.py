"""Results of an experiment: for each budget and condition the mean, and its paired difference to a reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from xfer_core.analysis.accuracy import MeanStd, mean_std
from xfer_core.analysis.comparison import RunRecord, budgets, by_condition
from xfer_core.analysis.intervals import CONFIDENCE, Difference, adjust_for_multiple, paired_difference
from xfer_core.analysis.label_efficiency import LabelEfficiency, label_efficiency
from xfer_core.strategies import CLASSES, REFERENCES


@dataclass(frozen=True)
class ConditionSummary:
    """The results of one condition at one budget.

    Attributes:
        condition, budget: which.
        over: mean and standard deviation over seeds.
        difference: to the reference at the same budget, positive is better, with p adjusted for all differences of the
            experiment; None for the reference itself, or without shared seeds.
    """

    condition: str
    budget: Any
    over: MeanStd
    difference: Difference | None


def default_reference(table: Sequence[RunRecord]) -> str:
    """The default condition to compare with: from scratch on the target, else ERM, else the first."""
    conditions = by_condition(table)
    kinds = {CLASSES[rows[0].kind]: condition for condition, rows in reversed(conditions.items())}
    return next((kinds[form] for form in REFERENCES if form in kinds), next(iter(conditions)))


def summarize_conditions(
    table: Sequence[RunRecord], reference: str | Mapping[str, str], higher_is_better: bool = True
) -> list[ConditionSummary]:
    """Every condition at every budget, budgets in order and conditions in order of appearance.

    All differences to the reference are one family: the significance level holds for all of them together.

    Args:
        table: finished runs.
        reference: a condition, or for each condition its own.
        higher_is_better: False for errors.
    """
    found: list[ConditionSummary] = []
    sign = 1 if higher_is_better else -1
    for budget in budgets(table):
        here = {name: [row for row in rows if row.budget == budget] for name, rows in by_condition(table).items()}
        values = {name: {row.seed: sign * row.value for row in rows} for name, rows in here.items() if rows}
        for condition, own in values.items():
            over = mean_std([sign * value for value in own.values()])
            difference, other = None, reference if isinstance(reference, str) else reference[condition]
            if condition != other and other in values:
                difference = paired_difference(own, values[other])
            found.append(ConditionSummary(condition, budget, over, difference))
    together = adjust_for_multiple([one.difference for one in found])
    return [replace(one, difference=difference) for one, difference in zip(found, together, strict=True)]


def label_efficiencies(
    table: Sequence[RunRecord], found: Sequence[ConditionSummary], reference: str
) -> dict[str, LabelEfficiency]:
    """Condition → how many labels the reference needs for the same accuracy, at the smallest budget at which the
    condition is significantly better; no entry for conditions that never are.

    Args:
        table: finished runs, measured by accuracy.
        found: their :func:`summarize_conditions` against the reference.
        reference: a condition.

    Returns:
        with intervals that hold for all these conditions together: each at level 1 − 5 %/conditions (Bonferroni).
    """
    curves: dict[str, dict[int, dict[int, float]]] = {}
    for row in table:
        if row.budget != "all" and CLASSES[row.kind].uses_target_labels:
            curves.setdefault(row.condition, {}).setdefault(row.budget, {})[row.seed] = row.value
    few: dict[str, int] = {}
    for one in found:  # budgets in order
        better = one.difference is not None and one.difference.is_significant and one.difference.mean > 0
        if better and one.budget in curves.get(one.condition, {}) and one.budget > 0:
            few.setdefault(one.condition, one.budget)
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(few))
    results = {
        name: label_efficiency(curves[name], curves.get(reference, {}), least, confidence)
        for name, least in few.items()
    }
    return {name: one for name, one in results.items() if one is not None}
