"""Model-selection rules. To add one: add a file, its class to ``SELECTIONS`` and its kind to ``Kind``."""

from __future__ import annotations

from typing import Literal

from xfer_core.selections.base import Selection, ValidationView
from xfer_core.selections.entropy import Entropy
from xfer_core.selections.information_maximisation import InformationMaximisation
from xfer_core.selections.last import LastStep
from xfer_core.selections.oracle import Oracle
from xfer_core.selections.soft_neighbourhood_density import SoftNeighbourhoodDensity
from xfer_core.selections.source_validation import SourceValidation
from xfer_core.selections.target_validation import TargetValidation

SELECTIONS: tuple[type[Selection], ...] = (
    LastStep,
    SourceValidation,
    TargetValidation,
    Entropy,
    InformationMaximisation,
    SoftNeighbourhoodDensity,
    Oracle,
)
Kind = Literal[
    "last",
    "source_validation",
    "target_validation",
    "entropy",
    "information_maximisation",
    "soft_neighbourhood_density",
    "oracle",
]
RULES: dict[str, Selection] = {form.kind_name(): form.model_validate({}) for form in SELECTIONS}

__all__ = ["RULES", "SELECTIONS", "Kind", "LastStep", "Selection", "ValidationView"]
