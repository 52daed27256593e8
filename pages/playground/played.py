"""The runs of a visitor's playground: started anew when a setting changes, and obeying the bar below the pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from pages.i18n import _
from pages.playground.settings import STEPS, PlaySettings
from pages.streaming.frames import play_store
from xfer_core.errors import XferError
from xfer_core.execution.playground import begin_play, end_play, play
from xfer_core.names import lambda_name
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import ENDED
from xfer_core.strategies import TITLES

RATE = 10.0  # frames a second
AT_FIRST, FASTEST = 100.0, 10_000.0  # steps a second
SHOWN, PLAYING, SPEED = "play.runs", "play.playing", "play.speed"
state = st.session_state


@dataclass
class Shown:
    """What is shown to a visitor. It is one object, which is changed at once: a page may be run anew, and stopped, at
    every use of the session's state.

    Attributes:
        runs: their ids.
        specs: of each.
        of: the settings that they are of; None to start anew.
    """

    runs: list[str] = field(default_factory=list[str])
    specs: list[RunSpec] = field(default_factory=list[RunSpec])
    of: PlaySettings | None = None


def shown() -> Shown:
    """What this visitor sees."""
    return state.setdefault(SHOWN, Shown())


def runs_of(chosen: PlaySettings) -> list[tuple[str, RunSpec]]:
    """The runs of these settings, each with its spec. Those that are shown go on where only λ or the learning rate is
    another; else they end and new ones take their place, which play at once if the others did.

    Raises:
        XferError: what a method refuses; the runs before stay.
    """
    now, goes, pace = shown(), is_playing(), speed()
    if now.of != chosen:
        specs = chosen.specs()
        if now.of and chosen.continues(now.of) and _set_live(now, specs):
            now.specs, now.of = specs, chosen
        else:
            end_play(play_store(), now.runs)
            named = [(spec, _(TITLES[spec.strategy.kind])) for spec in specs]
            now.runs, now.specs, now.of = begin_play(play_store(), named, RATE, pace), specs, chosen
            if goes:
                play(play_store(), now.runs, RATE, speed=pace)
    return list(zip(now.runs, now.specs, strict=True))


def _set_live(now: Shown, specs: Sequence[RunSpec]) -> bool:
    """Let the runs that are shown, also held ones, go on with the λ and learning rates of these specs; whether one
    could, or none had to."""
    changes: list[tuple[str, str, float]] = []
    for run, before, after in zip(now.runs, now.specs, specs, strict=True):
        old = _live_values(before)
        changes += [(run, name, value) for name, value in _live_values(after).items() if value != old[name]]
    heard = 0
    for change in changes:
        with suppress(XferError):  # it ended
            play_store().command(change[0], "set", *change[1:])
            heard += 1
    return heard > 0 or not changes


def _live_values(spec: RunSpec) -> dict[str, float]:
    lambdas = {lambda_name(term): value for term, value in spec.strategy.lambdas(spec.problem).items()}
    return {"lr": spec.training.optimizer.lr, **lambdas}


def is_playing() -> bool:
    """Whether this visitor's runs play."""
    return bool(state.get(PLAYING))


def speed() -> float:
    """Steps a second; 0 for as fast as it goes."""
    return float(state.get(SPEED, AT_FIRST))


def obey(pressed: Mapping[str, Any]) -> None:
    """Do what was pressed: ``kind`` play, pause, step (``value``: how many), reset, or speed (``value``: a second);
    anything else is ignored."""
    now = shown()
    match pressed.get("kind"):
        case "play":
            state[PLAYING] = True
            if all(row.status in ENDED for row in play_store().find(ids=now.runs)):
                now.of = None  # once more from the beginning
            play(play_store(), now.runs, RATE, speed=speed())
        case "pause":
            state[PLAYING] = False
            play(play_store(), now.runs, RATE, 0)
        case "step":
            state[PLAYING] = False
            with suppress(TypeError, ValueError, OverflowError):
                steps = min(max(int(pressed.get("value") or 1), 1), STEPS)
                play(play_store(), now.runs, RATE, steps, speed())
        case "reset":
            state[PLAYING], now.of = False, None
        case "speed":
            set_speed(pressed.get("value") or 0)
        case _:
            pass


def set_speed(wanted: object) -> bool:
    """Have the runs that are shown, and later ones, go at so many steps a second, 0 for as fast as they go; whether
    that is a speed."""
    try:
        value = float(wanted)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError, OverflowError):
        return False
    if not 0 <= value <= FASTEST:
        return False
    state[SPEED] = value
    for run in shown().runs:
        with suppress(XferError):  # it ended
            play_store().command(run, "speed", value=value)
    return True
