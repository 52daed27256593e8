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
from pathlib import Path
from typing import Any

import psutil

from benchmarks.serving import AppServer, open_browser
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import QUEUED, RUNNING, Store

CLICKS, PAIRS = 10, 5
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
SETTLE = 1.0


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


def watching(page: Any, server: AppServer, store: Store, steps: int) -> dict[str, Any]:
    """Training speed with a watcher against without, in turn, and what the web server needs for it.

    Twice: a watcher elsewhere, who costs this machine the stream alone, and a browser that draws on the very cores that
    train.
    """
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    spec = parse_spec({}, [f"training.steps={steps}", "training.evaluations=5"])
    speeds: dict[str, list[float]] = {"nobody": [], "listener": [], "browser": []}
    loads: dict[str, list[float]] = {"listener": [], "browser": []}
    for turn in range(PAIRS):
        for watcher in list(speeds)[:: -1 if turn % 2 else 1]:
            page.goto("about:blank")
            run = store.create(RunSpec.model_validate({**spec.model_dump(mode="json"), "seed": turn}))
            if watcher == "browser":
                page.goto(f"{server.url}/run?run={run}")
                page.locator(".xfer-live .plot").first.wait_for(timeout=30_000)
            elif watcher == "listener":
                threading.Thread(target=_listen, args=(f"{server.url}/live/stream?runs={run}",), daemon=True).start()
            _wait_for_step(store, run, steps // 4)
            before, begun = _used(process), time.perf_counter()
            first = store.get(run).progress or {}
            _wait_for_step(store, run, steps * 9 // 10)
            last = store.get(run).progress or {}
            if watcher in loads:
                loads[watcher].append((_used(process) - before) / (time.perf_counter() - begun))
            speeds[watcher].append((last["step"] - first["step"]) / (last["seconds"] - first["seconds"]))
            _wait_until_idle(store)
    found = {}
    for watcher, load in loads.items():
        pairs = zip(speeds[watcher], speeds["nobody"], strict=True)
        found[watcher] = {"speed_ratio": _spread([a / b for a, b in pairs]), "server_cores": _spread(load)}
    return found


def _listen(url: str) -> None:
    """A watcher whose browser is on another machine: takes the whole stream and draws nothing here."""
    with urllib.request.urlopen(url, timeout=60) as stream:
        for line in stream:
            if line.startswith(b"event: end"):
                return


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


def measure(steps: int) -> dict[str, Any]:
    """All rows, on a server of its own."""
    with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
        server = AppServer(Path(folder) / "home")
        try:
            store = Store(f"sqlite:///{server.home / 'xfer.db'}")
            page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
            clicks = click_to_first_point(page, server, store)
            verdict = click_to_verdict(page, server)
            costs = watching(page, server, store, steps)
        finally:
            server.close()
    return {"click_to_first_point_seconds": _spread(clicks), "race_seconds": verdict, **costs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--steps", type=int, default=600, help="steps of each run that is watched or not")
    options = parser.parse_args()
    found = measure(options.steps)
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
