"""Routes of the live charts: the event stream and plotly.js."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import plotly
import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from pages.streaming.feed import Message, RunFeed
from xfer_core.runs.store import open_store

PREFIX = f"/{(st.get_option('server.baseUrlPath') or '').strip('/')}".rstrip("/")
STREAM_URL = f"{PREFIX}/live/stream"
PLOTLY_URL = f"{PREFIX}/live/plotly.js?version={plotly.__version__}"
PLOTLY_FILE = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"

MOST_RUNS = 50
HEARTBEAT_SECONDS = 15
LOOK_UP_SECONDS = 0.5  # how often a stream without updates checks whether the server shuts down
RETRY_MILLISECONDS = 1000
RUN_ID = re.compile(r"[0-9a-f]{1,16}")
CURSOR = re.compile(r"([0-9a-f]{1,16})=(\d{1,18})")


def stream_route(feed: RunFeed, url: str) -> Route:
    """The event stream of a feed."""

    async def stream(request: Request) -> Response:
        return answer(request, MOST_RUNS, 0, lambda cursors: event_stream(feed, cursors))

    return Route(url, stream)


def answer(
    request: Request, most: int, first: int, events: Callable[[Mapping[str, int]], AsyncIterator[str]]
) -> Response:
    """The event stream that a request asks for.

    Args:
        request: with ``runs``, and ``after`` or the header of a browser that comes back.
        most: runs of one stream.
        first: the cursor of a run of which the browser knows nothing.
        events: run → cursor, to the stream.

    Returns:
        It, or a sentence with status 400.
    """
    runs = list(dict.fromkeys(request.query_params.get("runs", "").split(",")))
    if len(runs) > most or not all(RUN_ID.fullmatch(run) for run in runs):
        return PlainTextResponse(f"runs must be 1 to {most} ids of runs, separated by commas.\n", status_code=400)
    # A browser that reconnects sends its cursor in a header; a page that opens a new stream, in the URL.
    known = request.headers.get("last-event-id") or request.query_params.get("after", "")
    cursors = {**dict.fromkeys(runs, first), **{run: int(seq) for run, seq in CURSOR.findall(known) if run in runs}}
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(events(cursors), media_type="text/event-stream", headers=headers)


def live_routes(feed: RunFeed) -> list[Route]:
    """The routes of the live charts over this feed."""

    async def plotly_script(_: Request) -> Response:
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return FileResponse(PLOTLY_FILE, media_type="text/javascript", headers=headers)

    return [stream_route(feed, STREAM_URL), Route(f"{PREFIX}/live/plotly.js", plotly_script)]


async def event_stream(feed: RunFeed, cursors: Mapping[str, int]) -> AsyncIterator[str]:
    """Server-sent events of these runs.

    Ends with an event ``end`` when no run of the stream can change any more, and without one when the server shuts
    down: the browser then reconnects and continues from its cursor.
    """
    sent = dict(cursors)
    last = time.monotonic()
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    with feed.subscribe(cursors) as subscriber:
        while not server_is_leaving():
            for message in await subscriber.wait(LOOK_UP_SECONDS):
                sent[message.run] = message.seq
                last = time.monotonic()
                yield _event(sent, message)
            if subscriber.ended:
                yield "event: end\ndata: {}\n\n"
                return
            if time.monotonic() - last > HEARTBEAT_SECONDS:
                last = time.monotonic()
                yield ": still here\n\n"


def _event(sent: Mapping[str, int], message: Message) -> str:
    cursor = ";".join(f"{run}={seq}" for run, seq in sent.items())
    return f"id: {cursor}\ndata: {message.data}\n\n"


def server_is_leaving() -> bool:
    """Whether uvicorn is shutting down: it waits for open responses without limit, so these must end by themselves.

    The server is not reachable from a request; its signal handler, a bound method, is.
    """
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return bool(getattr(server, "should_exit", False))


ROUTES = live_routes(RunFeed(open_store))
