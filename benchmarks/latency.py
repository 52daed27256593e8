"""Latency of the app (click to first point, click to verdict), and the cost of a viewer for training.

``python -m benchmarks.latency [--json] [--without-pages]``. It starts the real app on a free port of this machine with
a home of its own, drives it in a real Chromium, and ends both.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from benchmarks.serving import AppServer, end_dispatchers, open_browser
from xfer_core.execution.dispatcher import ensure_dispatcher
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import QUEUED, RUNNING, Store, open_store

Watcher = Callable[[str], AbstractContextManager[None]]  # watches the run of this id

CLICKS, ROUNDS = 10, 8
WINDOW = 4.0  # seconds in which a speed is measured
# Notes when the first point is drawn: the moment that a curve's first path appears in a chart.
FIRST_POINT = """() => new Promise(done => {
  const begun = performance.now();
  const look = () => {
    const drawn = [...document.querySelectorAll('.xfer-live .plot')].some(
      plot => (plot.data || []).some(trace => trace.x && trace.x.length > 0));
    if (drawn) done(performance.now() - begun); else requestAnimationFrame(look);
  };
  [...document.querySelectorAll('button')].find(b => b.innerText.includes('Start training')).click();
  look();
})"""
SHOWN = "() => [...document.querySelectorAll('.xfer-live .plot')].some(p => p.data?.some(trace => trace.x?.length > 1))"
SETTLE = 1.5


QUERIES = tuple(f"seed={1000 + turn}&training.steps=100&network.width=4" for turn in range(CLICKS + 1))


def click_to_first_point(page: Any, server: AppServer, store: Store, queries: Sequence[str] = QUERIES) -> list[float]:
    """Seconds from the click on Start training until a curve has its first point, on a fresh page for each query.

    The first query is not timed: it warms the browser.
    """
    seconds = []
    for query in queries:
        page.goto(f"{server.url}/train?{query}")
        page.get_by_role("button", name="Start training").wait_for(timeout=30_000)
        toggle = page.get_by_text("With both baselines")
        toggle.click()  # only the first point of the run itself is timed
        time.sleep(SETTLE)
        seconds.append(page.evaluate(FIRST_POINT) / 1000)
        _wait_until_idle(store)
    return seconds[1:]


def click_to_verdict(page: Any, server: AppServer) -> float:
    """Seconds of the race on Start, from the click to the verdict."""
    page.goto(server.url)
    button = page.get_by_role("button", name="Start the race")
    button.wait_for(timeout=30_000)
    time.sleep(SETTLE)
    begun = time.perf_counter()
    button.click()
    page.get_by_text("photographed digits that no network had seen").wait_for(timeout=180_000)
    return time.perf_counter() - begun


def watching(store: Store, watchers: Mapping[str, Watcher], steps: int, server: int | None = None) -> dict[str, Any]:
    """Training speed with a viewer relative to without, and the web server's processor time for it (a process id).

    Within one run, each viewer has a window between two windows without viewers, and is compared with these: the
    speed of a shared machine varies by more than a viewer costs. The loading of a page is not counted.
    """
    process = psutil.Process(server) if server else None
    ratios: dict[str, list[float]] = {name: [] for name in watchers}
    loads: dict[str, list[float]] = {name: [] for name in watchers}
    for turn in range(ROUNDS):
        run = store.create(parse_spec({}, [f"seed={turn}", f"training.steps={steps}", "training.evaluations=1"]))
        _wait_for_step(store, run, 100)
        before = _speed(store, run)
        for name in list(watchers)[:: -1 if turn % 2 else 1]:
            with watchers[name](run):
                used, begun = _used(process), time.perf_counter()
                watched = _speed(store, run)
                loads[name].append((_used(process) - used) / (time.perf_counter() - begun))
            time.sleep(SETTLE)
            after = _speed(store, run)
            ratios[name].append(2 * watched / (before + after))
            before = after
        store.command(run, "stop")
        _wait_until_idle(store)
    return {name: {"speed_ratio": _spread(ratios[name]), "server_cores": _spread(loads[name])} for name in ratios}


@contextmanager
def in_browser(page: Any, url: str, run: str) -> Iterator[None]:
    """A browser that draws on the same cores that train."""
    page.goto(f"{url}/run?run={run}")
    further = page.get_by_role("button", name="More curves")  # the losses, which grow fastest; a browser remembers it
    further.wait_for(timeout=30_000)
    if further.get_attribute("aria-pressed") != "true":
        further.click()
    page.wait_for_function(SHOWN, timeout=30_000)
    time.sleep(SETTLE)
    yield
    page.goto("about:blank")


@contextmanager
def elsewhere(url: str, run: str) -> Iterator[None]:
    """A viewer whose browser is on another machine: reads the whole stream and draws nothing here."""

    def listen(left: threading.Event) -> None:
        with urllib.request.urlopen(f"{url}/live/stream?runs={run}", timeout=60) as stream:
            for _ in stream:
                if left.is_set():
                    return

    with _beside(listen):
        yield


@contextmanager
def reading(store: Store, run: str) -> Iterator[None]:
    """The work of a web server for its viewers, without one: polls the store as the feed of the live view does."""

    def read(left: threading.Event) -> None:
        seq = 0
        while not left.wait(0.5):
            store.find(ids=[run])
            seq = store.updates_since(run, seq).seq

    with _beside(read):
        yield


@contextmanager
def _beside(work: Callable[[threading.Event], None]) -> Iterator[None]:
    left = threading.Event()
    thread = threading.Thread(target=work, args=(left,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        left.set()
        thread.join()


def submit_to_first_point(store: Store) -> list[float]:
    """Seconds from creating a run until its first point is in the store: the part of a click without the page."""
    seconds = []
    for seed in range(CLICKS + 1):
        begun = time.perf_counter()
        run = store.create(parse_spec({}, [f"seed={1000 + seed}", "training.steps=100", "network.width=4"]))
        while not store.updates_since(run).points:
            time.sleep(0.005)
        seconds.append(time.perf_counter() - begun)
        _wait_until_idle(store)
    return seconds[1:]  # the first includes the warm-up of the dispatcher


def _speed(store: Store, run: str) -> float:
    """Steps per second over the next window."""
    first = store.get(run).progress or {}
    time.sleep(WINDOW)
    last = store.get(run).progress or {}
    if last["step"] in (first["step"], last["steps"]):
        raise RuntimeError(f"run {run} does not train through the whole window; raise --steps")
    return (last["step"] - first["step"]) / (last["seconds"] - first["seconds"])


def _used(process: psutil.Process | None) -> float:
    if process is None:
        return 0.0
    times = process.cpu_times()
    return times.user + times.system


def _wait_for_step(store: Store, run: str, step: int) -> None:
    while ((store.get(run).progress or {}).get("step") or 0) < step:
        time.sleep(0.1)


def _wait_until_idle(store: Store) -> None:
    while store.find(statuses=(QUEUED, RUNNING), limit=1):
        time.sleep(0.2)


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def measure(steps: int) -> dict[str, Any]:
    """All rows, on a server of its own."""
    with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
        server = AppServer(Path(folder) / "home")
        try:
            assert server.process is not None
            store = Store(f"sqlite:///{server.home / 'xfer.db'}")
            page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
            clicks = click_to_first_point(page, server, store)
            verdict = click_to_verdict(page, server)
            watchers = {"elsewhere": partial(elsewhere, server.url), "browser": partial(in_browser, page, server.url)}
            costs = watching(store, watchers, steps, server.process.pid)
        finally:
            server.close()
    return {"click_to_first_point_seconds": _spread(clicks), "race_seconds": verdict, **costs}


def measure_without_pages(steps: int) -> dict[str, Any]:
    """The rows that need neither Streamlit nor a browser, for machines without them."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XFER_HOME"] = folder
        store = open_store()
        ensure_dispatcher()
        try:
            first = _spread(submit_to_first_point(store))
            costs = watching(store, {"reader": partial(reading, store)}, steps)
        finally:
            end_dispatchers(Path(folder))
    return {"submit_to_first_point_seconds": first, "reader": {"speed_ratio": costs["reader"]["speed_ratio"]}}


ROWS = (
    ("click to first point, s (median of 10)", ("click_to_first_point_seconds",), "{:.2f}"),
    ("submit to first point in the store, s (of 10)", ("submit_to_first_point_seconds",), "{:.2f}"),
    ("speed, watched from elsewhere / unwatched", ("elsewhere", "speed_ratio"), "{:.3f}"),
    ("  web server's processor time, cores", ("elsewhere", "server_cores"), "{:.3f}"),
    ("speed, browser on the same cores / unwatched", ("browser", "speed_ratio"), "{:.3f}"),
    ("  web server's processor time, cores", ("browser", "server_cores"), "{:.3f}"),
    ("speed, store read as for a watcher / unwatched", ("reader", "speed_ratio"), "{:.3f}"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--without-pages", action="store_true", help="only what needs no Streamlit and no browser")
    parser.add_argument("--steps", type=int, default=8000, help="of a watched run; it must outlast its 25 seconds")
    options = parser.parse_args()
    pages = not options.without_pages and all(map(find_spec, ("streamlit", "playwright")))
    found = (measure if pages else measure_without_pages)(options.steps)
    if options.json:
        print(json.dumps(found))
        return
    for name, (row, *inner), form in ROWS:
        if row in found:
            spread = found[row][inner[0]] if inner else found[row]
            shown = [form.format(spread[key]) for key in ("median", "min", "max")]
            print(f"{name:<48}{shown[0]:>8}  ({shown[1]} to {shown[2]})")
    if "race_seconds" in found:
        print(f"{'race, click to verdict, s':<48}{found['race_seconds']:>8.1f}")


if __name__ == "__main__":
    main()
