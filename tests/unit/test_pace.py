"""A run that is played does no more steps than it may, and no faster."""

from __future__ import annotations

import itertools
import math

import pytest

from xfer_core.training.callback import Command
from xfer_core.training.pace import Pace


def done(pace: Pace, seconds: float, look: float = 0.01) -> list[tuple[float, float]]:
    """(time, steps) of every group within so many seconds, if steps themselves take no time."""
    found, now = list[tuple[float, float]](), 0.0
    while now < seconds:
        if steps := pace.steps(now):
            pace.spend(int(steps))
            found.append((now, steps))
        now += look
    return found


def test_without_a_command_there_is_no_limit():
    assert Pace().steps(0) == math.inf


def test_a_run_holds_until_steps_are_allowed():
    pace = Pace()
    pace.apply(Command("allow", value=0), 0)
    assert pace.steps(1) == 0
    pace.apply(Command("allow", value=2), 1)
    assert done(pace, 1) == [(0, 2)]


@pytest.mark.parametrize("speed", [2, 20, 100, 1000])
def test_speed_is_kept_and_even(speed: float):
    pace = Pace()
    pace.apply(Command("speed", value=speed), 0)
    groups = done(pace, 10)
    assert sum(steps for _time, steps in groups) == pytest.approx(10 * speed, rel=0.05)
    gaps = [later[0] - earlier[0] for earlier, later in itertools.pairwise(groups)]
    assert max(gaps) == pytest.approx(max(0.1, 1 / speed), abs=0.021), "one group a tick, or one step when it is due"
    assert max(steps for _time, steps in groups) <= max(1, 0.11 * speed)


def test_a_delay_is_not_made_up_for_in_a_rush():
    pace = Pace()
    pace.apply(Command("speed", value=100), 0)
    assert pace.steps(60) <= 20


def test_a_step_comes_at_once_at_any_speed():
    pace = Pace()
    pace.apply(Command("speed", value=0.5), 0)
    pace.spend(int(pace.steps(0)))
    pace.apply(Command("allow", value=1), 0.1)
    assert pace.steps(0.1) == 1


def test_a_run_that_is_held_for_long_looks_less_often():
    pace = Pace()
    pace.apply(Command("allow", value=0), 10)
    assert pace.look_seconds(11) < 0.05
    assert pace.look_seconds(20) == 0.2
    pace.apply(Command("speed", value=5), 20)
    assert pace.look_seconds(21) < 0.05


@pytest.mark.parametrize("speed", [0, -1])
def test_no_speed_is_as_fast_as_it_goes(speed: float):
    pace = Pace()
    pace.apply(Command("speed", value=5), 0)
    pace.apply(Command("speed", value=speed), 0)
    assert pace.steps(0) == math.inf
