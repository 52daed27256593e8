"""Pace of a run that a person plays: how many steps it may do, and how fast."""

from __future__ import annotations

import math
from dataclasses import dataclass

from xfer_core.training.callback import Command

TICK_SECONDS = 0.1  # a slow run does the steps of a tick together, because each group is reported
LOOK_SECONDS, REST_SECONDS = 0.03, 0.2  # between two looks for commands while a run waits, first and later
AWAKE_SECONDS = 3.0  # after a command
HELD_SECONDS = 2.0  # between two reports of a run that waits


@dataclass
class Pace:
    """The limits of a run. Without a command it has none.

    Attributes:
        allowed: steps that it may still do before it waits; infinity for all.
        speed: steps a second; infinity for as fast as it goes.
    """

    allowed: float = math.inf
    speed: float = math.inf
    _saved: float = 0.0  # steps that the time since the last ones was enough for
    _seen: float = 0.0
    _told: float = 0.0

    def apply(self, command: Command, now: float) -> None:
        """Apply ``allow`` (steps) or ``speed`` (steps a second; 0 for as fast as it goes). The next step comes at once.

        Args:
            command: of one of these kinds.
            now: seconds, of any clock.
        """
        if command.kind == "allow":
            self.allowed = max(0.0, command.value)
        else:
            self.speed = command.value if command.value > 0 else math.inf
        self._saved, self._seen, self._told = self._group(), now, now

    def look_seconds(self, now: float) -> float:
        """Seconds until the next look for commands, while no step is allowed: a run held for long costs little."""
        return LOOK_SECONDS if self.allowed or now - self._told < AWAKE_SECONDS else REST_SECONDS

    def steps(self, now: float) -> float:
        """Steps that may be done now: a whole number, or infinity."""
        if math.isinf(self.speed):
            return self.allowed
        self._saved = min(self._saved + (now - self._seen) * self.speed, 2 * self._group())  # no rush after a delay
        self._seen = now
        return min(self.allowed, math.floor(self._saved)) if self._saved >= self._group() else 0

    def spend(self, steps: int) -> None:
        """So many steps were done."""
        self.allowed -= steps
        self._saved -= steps

    def _group(self) -> float:
        """Steps that are done together."""
        return 1.0 if math.isinf(self.speed) else max(1.0, TICK_SECONDS * self.speed)
