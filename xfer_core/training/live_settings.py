"""Live settings: λ and the learning rate, which a person may change while a run trains; replays earlier changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xfer_core.names import lambda_name, term_of_lambda
from xfer_core.training.callback import Command
from xfer_core.training.metric_buffer import MetricBuffer


class LiveSettings:
    """The current λ by term and learning rate.

    Args:
        lambdas: term → λ at the start.
        lr: learning rate at the start.
        replay: (step, command) that took effect in an earlier attempt of this run, applied again at their steps.
        planned: the same, from the recipe; those that are in ``replay`` took effect before.
    """

    def __init__(
        self,
        lambdas: Mapping[str, float],
        lr: float,
        replay: Sequence[tuple[int, Command]] = (),
        planned: Sequence[tuple[int, Command]] = (),
    ) -> None:
        self.lambdas, self.lr = dict(lambdas), lr
        self.factor = 1.0  # factor of the schedule on the learning rate; the loop sets it
        # In a run that was resumed and changed again, an earlier step may stand after a later one.
        self.new = [change for change in planned if change not in replay]
        self.replay = sorted([*self.new, *replay], key=lambda item: item[0])

    def has_pending(self, step: int) -> bool:
        """Whether a change must be applied again before this step."""
        return bool(self.replay) and self.replay[0][0] <= step

    def pop(self) -> tuple[Command, bool]:
        """Remove and return the command that is due; and whether it takes effect for the first time."""
        change = self.replay.pop(0)
        return change[1], change in self.new

    def apply(self, command: Command) -> None:
        """Apply a *set* command."""
        if command.name == "lr":
            self.lr = command.value
        else:
            self.lambdas[term_of_lambda(command.name)] = command.value

    def log(self, journal: MetricBuffer, step: int, lambdas: bool = True) -> None:
        """Log the current values: the learning rate with the factor of its schedule, and λ if ``lambdas``."""
        journal.log("lr", step, self.lr * self.factor)
        for name, value in self.lambdas.items() if lambdas else ():
            journal.log(lambda_name(name), step, value)

    def state(self) -> dict:
        """For a checkpoint."""
        return {"lambdas": dict(self.lambdas), "lr": self.lr}

    def restore(self, state: dict, step: int) -> None:
        """Restore the values of this step; changes before it are not replayed."""
        self.lambdas, self.lr = state["lambdas"], state["lr"]
        self.replay = [(when, command) for when, command in self.replay if when >= step]
