"""What an experiment found: for each budget and arm the mean, and its difference to a reference over shared seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from xfer_core.analysis.accuracy import Spread, spread
from xfer_core.analysis.comparison import Row, budgets, by_arm
from xfer_core.analysis.intervals import CONFIDENCE, Difference, held_together, paired_difference
from xfer_core.analysis.worth import Worth, worth


@dataclass(frozen=True)
class Finding:
    """One arm with one budget.

    Attributes:
        arm, budget: which.
        over: mean and spread over seeds.
        difference: to the reference at the same budget, counted so that more is better, with p adjusted for all
            differences of the experiment; None for the reference itself, or where they share no seed.
    """

    arm: str
    budget: Any
    over: Spread
    difference: Difference | None


def usual_reference(table: Sequence[Row]) -> str:
    """The arm that others are compared with at first: from scratch on the target, else ERM, else the first."""
    arms = by_arm(table)
    for kind in ("target_only", "erm"):
        for arm, rows in arms.items():
            if rows[0].kind == kind:
                return arm
    return next(iter(arms))


def findings(table: Sequence[Row], reference: str, higher_is_better: bool = True) -> list[Finding]:
    """Every arm at every budget, budgets in order and arms as they appear.

    All differences to the reference are one family: they stand in one table, and the level is held over all of them.
    """
    found: list[Finding] = []
    sign = 1 if higher_is_better else -1
    for budget in budgets(table):
        here = {arm: [row for row in rows if row.budget == budget] for arm, rows in by_arm(table).items()}
        values = {arm: {row.seed: sign * row.value for row in rows} for arm, rows in here.items() if rows}
        for arm, own in values.items():
            over = spread([sign * value for value in own.values()])
            difference = None
            if arm != reference and reference in values:
                difference = paired_difference(own, values[reference])
            found.append(Finding(arm, budget, over, difference))
    together = held_together([one.difference for one in found])
    return [replace(one, difference=difference) for one, difference in zip(found, together, strict=True)]


def worths(table: Sequence[Row], found: Sequence[Finding], reference: str) -> dict[str, Worth]:
    """Arm → how many labels the reference needs to do as well as the arm, at the smallest budget with which the arm is
    clearly better; nothing for arms that nowhere are.

    Args:
        table: finished runs; what is measured is an accuracy.
        found: their :func:`findings` against the reference.
        reference: an arm.

    Returns:
        with intervals that hold for all these arms at once: each is one of 1 − 5 %/arms (Bonferroni).
    """
    curves: dict[str, dict[int, dict[int, float]]] = {}
    for row in table:
        if row.budget != "all" and row.kind != "source_only":  # it uses no target labels: there is nothing to be worth
            curves.setdefault(row.arm, {}).setdefault(row.budget, {})[row.seed] = row.value
    few: dict[str, int] = {}
    for one in found:  # budgets in order
        better = one.difference is not None and one.difference.clear and one.difference.mean > 0
        if better and one.budget in curves.get(one.arm, {}) and one.budget > 0:
            few.setdefault(one.arm, one.budget)
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(few))
    seen = {arm: worth(curves[arm], curves.get(reference, {}), least, confidence) for arm, least in few.items()}
    return {arm: one for arm, one in seen.items() if one is not None}
