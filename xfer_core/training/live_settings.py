"""What a person may turn while a run trains: λ and the learning rate, and what was turned in an earlier life of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xfer_core.names import lambda_name, term_of_lambda
from xfer_core.training.callback import Command
from xfer_core.training.metric_buffer import MetricBuffer


class LiveSettings:
    """λ by term and the learning rate, as they stand now.

    Args:
        lambdas: term → λ at the start.
        lr: learning rate at the start.
        replay: (step, command) that took effect in an earlier life of this run, applied again at their steps.
        planned: the same, as the recipe has them; those that are in ``replay`` took effect before.
    """

    def __init__(
        self,
        lambdas: Mapping[str, float],
        lr: float,
        replay: Sequence[tuple[int, Command]] = (),
        planned: Sequence[tuple[int, Command]] = (),
    ) -> None:
        self.lambdas, self.lr = dict(lambdas), lr
        self.factor = 1.0  # what the schedule makes of the learning rate; the loop sets it
        # A run that was resumed and changed again may have been told of an early step after a late one.
        self.new = [change for change in planned if change not in replay]
        self.replay = sorted([*self.new, *replay], key=lambda item: item[0])

    def has_pending(self, step: int) -> bool:
        """Whether something must be turned again before this step."""
        return bool(self.replay) and self.replay[0][0] <= step

    def pop(self) -> tuple[Command, bool]:
        """The command that is due, taken off the list; and whether it takes effect for the first time."""
        change = self.replay.pop(0)
        return change[1], change in self.new

    def apply(self, command: Command) -> None:
        """Do what a *set* command says."""
        if command.name == "lr":
            self.lr = command.value
        else:
            self.lambdas[term_of_lambda(command.name)] = command.value

    def log(self, journal: MetricBuffer, step: int, lambdas: bool = True) -> None:
        """Write down how they stand, λ only if asked for; of the learning rate what the schedule leaves of it."""
        journal.log("lr", step, self.lr * self.factor)
        for name, value in self.lambdas.items() if lambdas else ():
            journal.log(lambda_name(name), step, value)

    def state(self) -> dict:
        """For a checkpoint."""
        return {"lambdas": dict(self.lambdas), "lr": self.lr}

    def restore(self, state: dict, step: int) -> None:
        """As they stood at this step; what was turned before it is not turned again."""
        self.lambdas, self.lr = state["lambdas"], state["lr"]
        self.replay = [(when, command) for when, command in self.replay if when >= step]
