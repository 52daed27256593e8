"""What a person waits for: click to first point, click to verdict, and what a watcher costs.

``python -m benchmarks.latency [--json]``. It starts the real app on a free port of this machine with a home of its
own, drives it in a real Chromium, and ends both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks.serving import AppServer, open_browser
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import QUEUED, RUNNING, Store

CLICKS, ROUNDS = 10, 8
WINDOW = 4.0  # seconds in which a speed is measured
STEPS = 8000  # more than fit in the windows of a round on the processor
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


def click_to_first_point(page: Any, server: AppServer, store: Store) -> list[float]:
    """Seconds from the click on Start training until a curve has its first point, once a fresh page each time."""
    seconds = []
    for seed in range(CLICKS + 1):
        page.goto(f"{server.url}/train?seed={1000 + seed}&training.steps=100&network.width=4")
        page.get_by_role("button", name="Start training").wait_for(timeout=30_000)
        toggle = page.get_by_text("With both baselines")
        toggle.click()  # the first point of the run itself is what is timed
        time.sleep(SETTLE)
        seconds.append(page.evaluate(FIRST_POINT) / 1000)
        _wait_until_idle(store)
    return seconds[1:]  # the first warms the browser


def click_to_verdict(page: Any, server: AppServer) -> float:
    """Seconds of the start page's race, from the click to the sentence."""
    page.goto(server.url)
    button = page.get_by_role("button", name="Start the race")
    button.wait_for(timeout=30_000)
    time.sleep(SETTLE)
    begun = time.perf_counter()
    button.click()
    page.get_by_text("Measured on").wait_for(timeout=180_000)
    return time.perf_counter() - begun


def watching(page: Any, server: AppServer, store: Store) -> dict[str, Any]:
    """Training speed with a watcher against without, and what the web server needs for it.

    Two watchers: a listener elsewhere, who costs this machine the stream alone, and a browser that draws on the very
    cores that train. Within one run, each has a window between two windows in which nobody watches, and is compared
    with these: the speed of a shared machine wanders by more than a watcher costs. The page's loading is not counted.
    """
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    ratios: dict[str, list[float]] = {"listener": [], "browser": []}
    loads: dict[str, list[float]] = {"listener": [], "browser": []}
    for turn in range(ROUNDS):
        run = store.create(parse_spec({}, [f"seed={turn}", f"training.steps={STEPS}", "training.evaluations=1"]))
        _wait_for_step(store, run, 100)
        before = _speed(store, run)
        for watcher in list(ratios)[:: -1 if turn % 2 else 1]:
            used, begun = _used(process), time.perf_counter()
            if watcher == "browser":
                page.goto(f"{server.url}/run?run={run}")
                page.wait_for_function(SHOWN, timeout=30_000)
                time.sleep(SETTLE)
                used, begun = _used(process), time.perf_counter()
                watched = _speed(store, run)
            else:
                with _listener(f"{server.url}/live/stream?runs={run}"):
                    watched = _speed(store, run)
            loads[watcher].append((_used(process) - used) / (time.perf_counter() - begun))
            page.goto("about:blank")
            time.sleep(SETTLE)
            after = _speed(store, run)
            ratios[watcher].append(2 * watched / (before + after))
            before = after
        store.command(run, "stop")
        _wait_until_idle(store)
    return {name: {"speed_ratio": _spread(ratios[name]), "server_cores": _spread(loads[name])} for name in ratios}


def _speed(store: Store, run: str) -> float:
    """Steps a second over the next window."""
    first = store.get(run).progress or {}
    time.sleep(WINDOW)
    last = store.get(run).progress or {}
    if last["step"] in (first["step"], STEPS):
        raise RuntimeError(f"run {run} does not train through the whole window; raise STEPS")
    return (last["step"] - first["step"]) / (last["seconds"] - first["seconds"])


@contextmanager
def _listener(url: str) -> Iterator[None]:
    """A watcher whose browser is on another machine: takes the whole stream and draws nothing here."""
    left = threading.Event()

    def listen() -> None:
        with urllib.request.urlopen(url, timeout=60) as stream:
            for _ in stream:
                if left.is_set():
                    return

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield
    finally:
        left.set()
        thread.join()


def _used(process: psutil.Process) -> float:
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


def measure() -> dict[str, Any]:
    """All rows, on a server of its own."""
    with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
        server = AppServer(Path(folder) / "home")
        try:
            store = Store(f"sqlite:///{server.home / 'xfer.db'}")
            page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
            clicks = click_to_first_point(page, server, store)
            verdict = click_to_verdict(page, server)
            costs = watching(page, server, store)
        finally:
            server.close()
    return {"click_to_first_point_seconds": _spread(clicks), "race_seconds": verdict, **costs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure()
    if options.json:
        print(json.dumps(found))
        return
    rows = (
        ("click to first point, s (median of 10)", found["click_to_first_point_seconds"], "{:.2f}"),
        ("speed, watched from elsewhere / unwatched", found["listener"]["speed_ratio"], "{:.3f}"),
        ("  web server's processor time, cores", found["listener"]["server_cores"], "{:.3f}"),
        ("speed, browser on the same cores / unwatched", found["browser"]["speed_ratio"], "{:.3f}"),
        ("  web server's processor time, cores", found["browser"]["server_cores"], "{:.3f}"),
    )
    for name, spread, form in rows:
        shown = [form.format(spread[key]) for key in ("median", "min", "max")]
        print(f"{name:<46}{shown[0]:>8}  ({shown[1]} to {shown[2]})")
    print(f"{'race, click to verdict, s':<46}{found['race_seconds']:>8.1f}")


if __name__ == "__main__":
    main()
