"""Model selection: the outcome of each rule and its cost against the oracle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class SelectionOutcome:
    """The outcome of one selection rule.

    Attributes:
        rule: its kind.
        step: that it selects.
        value: score of that step's network on the run's test samples: accuracy, or minus the mean error.
        cost: by how much the oracle's step is better; can be negative, because the oracle uses validation samples;
            None for the oracle itself and if there is none.
    """

    rule: str
    step: int
    value: float
    cost: float | None


def selection_outcomes(selection: Mapping[str, Mapping[str, float]]) -> list[SelectionOutcome]:
    """The outcomes in the order of the rules, from ``Result.selection``."""
    best = selection.get("oracle")
    return [
        SelectionOutcome(
            rule,
            int(found["step"]),
            found["value"],
            None if best is None or rule == "oracle" else best["value"] - found["value"],
        )
        for rule, found in selection.items()
    ]
