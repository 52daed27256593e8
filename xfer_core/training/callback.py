"""Callback interface between the training loop and its environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Point = tuple[str, int, float]  # (scalar's name, step, value)


@dataclass(frozen=True)
class Command:
    """A request by a person to a running run.

    Attributes:
        kind: pause, stop, set, allow, speed or frames.
        name: for set: ``lr`` or ``lambda/<term>``.
        value: for set: the new value; for allow: steps that it may do before it waits; for speed: steps a second, 0
            for as fast as it goes; for frames: how many a second a page wants (``runs/frames.py``).
    """

    kind: Literal["pause", "stop", "set", "allow", "speed", "frames"]
    name: str = ""
    value: float = 0.0


class Callback(Protocol):
    """Receives metrics and events, and passes on commands. Called about ten times a second, never every step."""

    def on_start(self, step: int) -> None:
        """This attempt resumes from a checkpoint of this step; −1 if there is none. The first call of all."""

    def on_metrics(self, points: Sequence[Point], progress: dict[str, Any]) -> None:
        """New scalars, in the order in which they were measured, and the progress of the run."""

    def on_event(self, kind: str, step: int, **details: Any) -> None:
        """A single event: a phase began, a λ was set, a checkpoint could not be used."""

    def on_evaluation(self) -> None:
        """The network was just evaluated on validation samples."""

    def commands(self) -> Sequence[Command]:
        """The commands since the last call."""
        ...


class NullCallback:
    """Does nothing: for notebooks, tests and timing."""

    def on_start(self, step: int) -> None:
        """Nothing."""

    def on_metrics(self, points: Sequence[Point], progress: dict[str, Any]) -> None:
        """Nothing."""

    def on_event(self, kind: str, step: int, **details: Any) -> None:
        """Nothing."""

    def on_evaluation(self) -> None:
        """Nothing."""

    def commands(self) -> Sequence[Command]:
        """None."""
        return ()
