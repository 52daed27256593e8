"""What the choice of a step costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class SelectionOutcome:
    """What one selection rule makes of a run.

    Attributes:
        rule: its kind.
        step: which it takes.
        value: how that network does on the test samples that the run is judged by; errors are negative.
        cost: by how much the oracle's choice does better there; negative where it does worse, for the oracle sees
            validation samples; None for the oracle itself and where there is none.
    """

    rule: str
    step: int
    value: float
    cost: float | None


def selection_outcomes(selection: Mapping[str, Mapping[str, float]]) -> list[SelectionOutcome]:
    """The choices in the order of the rules, from ``Result.selection``."""
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
