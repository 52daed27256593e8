"""What an experiment found: for each budget and arm the mean, and its difference to a reference over shared seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xfer_core.analysis.accuracy import Spread, spread
from xfer_core.analysis.comparison import Row, budgets, by_arm
from xfer_core.analysis.intervals import Difference, paired_difference
from xfer_core.analysis.worth import Worth, worth


@dataclass(frozen=True)
class Finding:
    """One arm with one budget.

    Attributes:
        arm, budget: which.
        over: mean and spread over seeds.
        difference: to the reference at the same budget, counted so that more is better; None for the reference itself,
            or where they share no seed.
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
    """Every arm at every budget, budgets in order and arms as they appear."""
    found, sign = [], 1 if higher_is_better else -1
    for budget in budgets(table):
        here = {arm: [row for row in rows if row.budget == budget] for arm, rows in by_arm(table).items()}
        values = {arm: {row.seed: sign * row.value for row in rows} for arm, rows in here.items() if rows}
        for arm, own in values.items():
            over = spread([sign * value for value in own.values()])
            difference = None
            if arm != reference and reference in values:
                difference = paired_difference(own, values[reference])
            found.append(Finding(arm, budget, over, difference))
    return found


def worths(table: Sequence[Row], reference: str) -> dict[str, Worth]:
    """Arm → how many labels the reference needs to do as well as the arm, at the arm's smallest budget where the
    question makes sense; nothing for arms for which it never does."""
    means: dict[str, dict[int, float]] = {}
    for arm, rows in by_arm(table).items():
        if rows[0].kind == "source_only":  # it uses no target labels: there is nothing to be worth
            continue
        for budget in budgets(rows):
            if budget != "all":
                values = [row.value for row in rows if row.budget == budget]
                means.setdefault(arm, {})[budget] = sum(values) / len(values)
    found = {}
    for arm, curve in means.items():
        if arm == reference or reference not in means:
            continue
        for few in sorted(budget for budget in curve if budget > 0):
            seen = worth(curve, means[reference], few)
            if seen is not None and (few > min(curve) or len(curve) == 1 or seen.many is not None):
                found[arm] = seen
                break
    return found
