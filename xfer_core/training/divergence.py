"""Detects divergence: a loss that ends far above the loss of guessing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import mean

from xfer_core.names import TermName
from xfer_core.training.callback import Point

TIMES = 10.0  # times the loss of guessing: no network that learns anything ends above it
LAST = 10  # values of a term over which the end is averaged


@dataclass(frozen=True)
class Divergence:
    """One loss that ended far above the loss of guessing.

    Attributes:
        domain, task: whose loss it is.
        loss: its mean over the last steps.
        chance_loss: the cross-entropy of guessing, ln K nats with K classes; of a regression the loss of the first
            step, when the network had learned nothing.
    """

    domain: str
    task: str
    loss: float
    chance_loss: float


class LossWatch:
    """Follows the losses of labelled terms: the first value of each task and the last values of each term.

    Args:
        classes: task → number of classes, at least two; regressions are not in it.
    """

    def __init__(self, classes: Mapping[str, int]) -> None:
        self.classes = dict(classes)
        self.first: dict[str, float] = {}  # task → loss of its first step
        self.last: dict[str, list[float]] = {}  # term → its last values in this phase

    def update(self, points: Iterable[Point], terms: Iterable[str]) -> None:
        """Add new measurements.

        Args:
            points: (scalar, step, value); those other than ``loss/DOMAIN/TASK`` of ``terms`` are ignored.
            terms: the labelled terms, as ``DOMAIN/TASK``.
        """
        wanted = {f"loss/{term}": term for term in terms}
        for name, _step, value in points:
            if term := wanted.get(name):
                self.first.setdefault(TermName.parse(term).task, value)
                self.last[term] = [*self.last.get(term, ())[1 - LAST :], value]

    def begin_phase(self) -> None:
        """Forget the values of the earlier phase: they are not the run's outcome."""
        self.last = {}

    def divergences(self, weight_of: Callable[[str], float]) -> list[Divergence]:
        """The losses that ended above ten times the loss of guessing.

        Args:
            weight_of: the current λ of a term; a term with λ = 0 was not trained.
        """
        found = []
        for term, values in self.last.items():
            name = TermName.parse(term)
            guessing = math.log(self.classes[name.task]) if name.task in self.classes else self.first[name.task]
            if weight_of(term) > 0 and mean(values) > TIMES * guessing:
                found.append(Divergence(name.domain, name.task, mean(values), guessing))
        return found

    def state(self) -> dict[str, dict]:
        """For a checkpoint."""
        return {"first": self.first, "last": self.last}

    def restore(self, state: Mapping[str, dict]) -> None:
        """Restore from a checkpoint; those of earlier versions have no such state."""
        self.first, self.last = dict(state.get("first", {})), dict(state.get("last", {}))
