"""Whether a training diverged: its loss ended far above what guessing would give."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import mean

from xfer_core.names import TermName
from xfer_core.training.callback import Point

TIMES = 10.0  # the loss of guessing: no network that learns anything ends there
LAST = 10  # values of a term over which the end is averaged


@dataclass(frozen=True)
class Divergence:
    """One loss that ended far above the loss of guessing.

    Attributes:
        domain, task: whose loss it is.
        loss: its mean over the last steps.
        guessing: the cross-entropy of guessing, ln K nats with K classes; where a number is asked for, the loss of the
            first step, when the network knew nothing.
    """

    domain: str
    task: str
    loss: float
    chance_loss: float


class LossWatch:
    """The losses of labelled terms, as far as that needs them.

    Args:
        classes: task → how many classes it has, at least two; tasks that ask for a number are not in it.
    """

    def __init__(self, classes: Mapping[str, int]) -> None:
        self.classes = dict(classes)
        self.first: dict[str, float] = {}  # task → loss of its first step
        self.last: dict[str, list[float]] = {}  # term → its last values in this phase

    def update(self, points: Iterable[Point], terms: Iterable[str]) -> None:
        """Take in what was measured.

        Args:
            points: (scalar, step, value); those that are no ``loss/DOMAIN/TASK`` of ``terms`` are passed over.
            terms: of domains, with labels.
        """
        wanted = {f"loss/{term}": term for term in terms}
        for name, _step, value in points:
            if term := wanted.get(name):
                self.first.setdefault(TermName.parse(term).task, value)
                self.last[term] = [*self.last.get(term, ())[1 - LAST :], value]

    def begin_phase(self) -> None:
        """What an earlier phase left is not the run's outcome."""
        self.last = {}

    def divergences(self, weight_of: Callable[[str], float]) -> list[Divergence]:
        """Those that ended above ten times the loss of guessing.

        Args:
            weight_of: λ of a term as it stands: what has none was not trained.
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
        """As it stood there; checkpoints of earlier versions have none."""
        self.first, self.last = dict(state.get("first", {})), dict(state.get("last", {}))
