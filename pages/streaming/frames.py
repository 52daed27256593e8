"""Routes of the playground: the frames of its runs, and their scalars, as event streams."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pages.streaming.feed import RunFeed
from pages.streaming.routes import (
    HEARTBEAT_SECONDS,
    PREFIX,
    RETRY_MILLISECONDS,
    answer,
    server_is_leaving,
    stream_route,
)
from xfer_core.errors import XferError
from xfer_core.execution.playground import playground_workspace
from xfer_core.runs.frames import FILE, read_frames
from xfer_core.runs.store import LIVE, PAUSED, RUNNING, Store
from xfer_core.strict_json import to_json

FRAMES_URL, SCALARS_URL = f"{PREFIX}/play/frames", f"{PREFIX}/play/stream"
MOST_RUNS, FASTEST = 4, 12.0  # runs of one stream; frames a second
ASKED_SECONDS = 3.0  # between two requests for frames while a stream is open


@lru_cache(1)
def play_store() -> Store:
    """The store of the playground, opened once."""
    return Store(playground_workspace().database)


async def _frames(request: Request) -> Response:
    rate = _rate(request.query_params.get("rate", ""))
    return answer(request, MOST_RUNS, -1, lambda after: frame_stream(after, rate))


def _rate(text: str) -> float:
    """Frames a second: what was asked for, within what is possible."""
    with suppress(ValueError):
        return min(max(float(text), 0.2), FASTEST) if float(text) == float(text) else 8.0
    return 8.0


async def frame_stream(after: Mapping[str, int], rate: float) -> AsyncIterator[str]:
    """Server-sent events with the frames of these runs.

    Args:
        after: run → step of the last frame that is known, −1 for none.
        rate: frames a second that the workers are asked for, while this stream is open.

    Ends with an event ``end`` when no run can have further frames.
    """
    sent = dict(after)
    places: dict[str, tuple[int, int]] = dict.fromkeys(sent, (0, 0))
    files = {run: playground_workspace().artifacts(run) / FILE for run in sent}
    asked, said, is_open = 0.0, time.monotonic(), True
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    while not server_is_leaving():
        now = time.monotonic()
        if now - asked > ASKED_SECONDS:
            asked = now
            is_open = await asyncio.to_thread(_ask, list(sent), rate)
        waits = True
        for run in sent:
            if not _has_more(files[run], places[run]):
                continue
            frames, places[run] = await asyncio.to_thread(_new, files[run], places[run], sent[run])
            if frames:
                sent[run], said, waits = frames[-1]["step"], now, False
                yield _event(sent, run, frames)
        if waits and not is_open:
            yield "event: end\ndata: {}\n\n"
            return
        if now - said > HEARTBEAT_SECONDS:
            said = now
            yield ": still here\n\n"
        await asyncio.sleep(0.5 / rate)


def _ask(runs: list[str], rate: float) -> bool:
    """Ask the workers of these runs for frames; whether more may come, now or after a pause."""
    found = play_store().find(ids=runs, statuses=(*LIVE, PAUSED))
    for row in found:
        if row.status == RUNNING:  # nobody hears a command to a run that waits, and each stream sends many
            with suppress(XferError):  # it ended meanwhile
                play_store().command(row.id, "frames", value=rate)
    return bool(found)


def _has_more(path: Path, place: tuple[int, int]) -> bool:
    """Whether a file of frames is longer than what was read of it, or another one: quick, for many streams at once."""
    try:
        found = path.stat()
    except OSError:
        return False
    return (found.st_ino, found.st_size) != place


def _new(path: Path, place: tuple[int, int], step: int) -> tuple[list[dict[str, Any]], tuple[int, int]]:
    """The frames of a run after a step; the last one, if it was set back to an earlier step."""
    frames, place = read_frames(path, place)
    later = [frame for frame in frames if frame["step"] > step]
    return later or frames[-1:] * (bool(frames) and frames[-1]["step"] < step), place


def _event(sent: Mapping[str, int], run: str, frames: list[dict[str, Any]]) -> str:
    cursor = ";".join(f"{one}={step}" for one, step in sent.items() if step >= 0)
    return f"id: {cursor}\ndata: {to_json({'run': run, 'frames': frames}, separators=(',', ':'))}\n\n"


ROUTES = [Route(FRAMES_URL, _frames), stream_route(RunFeed(play_store), SCALARS_URL)]
