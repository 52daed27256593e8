"""An experiment of 60 runs: its duration, its recovery after a kill, and the first chart of a full store.

``python -m benchmarks.experiments [--json] [--only experiment|kill|store]``. It starts the real app on a free port of
this machine with a home of its own, drives it in a real Chromium, and ends both.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from benchmarks.serving import AppServer, open_browser
from xfer_core.experiments.experiment import begin_runs, finished_unique
from xfer_core.experiments.presets import strategy_conditions
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import FINISHED, LIVE, Store

BUDGETS, SEEDS, KINDS = (1, 5, 20), 5, ("target_only", "source_only", "fine_tune", "joint")
RUNS, POINTS = 1000, 500
INTERACTIONS, BETWEEN = 40, 4.0
WITHIN = 3600.0


def whole(folder: Path) -> dict[str, Any]:
    """The experiment from the press to its last result, while somebody switches between its charts."""
    server = AppServer(folder / "home")
    store = Store(f"sqlite:///{server.home / 'xfer.db'}")
    try:
        with open_browser() as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            begun = start(page, server)
            page.get_by_text("first result appears").wait_for(state="hidden", timeout=120_000)
            waits = []
            while unfinished(store):
                if len(waits) < INTERACTIONS:
                    waits.append(
                        interaction(page, ("Who learns fastest?", "How much are labels worth?")[len(waits) % 2])
                    )
                time.sleep(BETWEEN)
            seconds = time.perf_counter() - begun
            page.get_by_text("All 60 runs are done").wait_for(timeout=30_000)
        return {"seconds": seconds, "interaction_seconds": sorted(waits), "accuracies": accuracies(store)}
    finally:
        server.close()


def start(page: Any, server: AppServer) -> float:
    """Start the preset with 60 runs; the time of the press."""
    page.goto(f"{server.url}/compare?question=help&labels=1,5,20&seeds=5")
    page.get_by_text("60 runs").wait_for(timeout=60_000)
    begun = time.perf_counter()
    page.get_by_role("button", name="Start the experiment").click()
    page.get_by_text("of 60 runs are done").wait_for(timeout=60_000)
    return begun


def interaction(page: Any, picture: str) -> float:
    """Seconds from the press on a chart's name until the chart is there."""
    page.get_by_test_id("stButtonGroup").get_by_text(picture).first.scroll_into_view_if_needed()
    return page.evaluate(
        """name => new Promise(done => {
          const begun = performance.now();
          const title = () => [...document.querySelectorAll('strong')].some(s => s.innerText === name);
          const look = () => title() && document.querySelector('.stPlotlyChart .main-svg')
            ? done((performance.now() - begun) / 1000) : requestAnimationFrame(look);
          [...document.querySelectorAll('[data-testid=stButtonGroup] button')].find(b => b.innerText === name).click();
          look();
        })""",
        picture,
    )


def unfinished(store: Store) -> bool:
    """Whether any run is still live."""
    return bool(store.find(statuses=LIVE, limit=1))


def accuracies(store: Store) -> dict[str, float]:
    """Digest of the spec → accuracy, of the finished runs."""
    return {run.digest: (run.target_metric or {})["value"] for run in finished_unique(store.find())}


def killed(folder: Path) -> dict[str, Any]:
    """The same experiment; dispatcher, workers and server are killed half-way, and only the server is started again."""
    server = AppServer(folder / "killed")
    store = Store(f"sqlite:///{server.home / 'xfer.db'}")
    try:
        with open_browser() as browser:
            page = browser.new_page()
            start(page, server)
            wait(lambda: len(store.find(statuses=(FINISHED,))) >= 30, "half of the runs")
            kill_everything(server)
            half = len(store.find(statuses=(FINISHED,)))
            server.start()
            page.goto(f"{server.url}/compare")
            wait(lambda: not unfinished(store), "the other half")
        runs = store.find()
        return {
            "done_at_the_kill": half,
            "runs": len(runs),
            "finished": sum(run.status == FINISHED for run in runs),
            "specs": len({run.digest for run in runs}),
            "accuracies": accuracies(store),
        }
    finally:
        server.close()


def kill_everything(server: AppServer) -> None:
    """kill −9 for the server, and for every process with its home."""
    assert server.process is not None
    server.process.kill()
    server.process.wait()
    for process in psutil.process_iter():
        try:
            if process.environ().get("XFER_HOME") == str(server.home) and process.pid != os.getpid():
                process.send_signal(signal.SIGKILL)
        except psutil.Error:
            continue


def wait(true: Callable[[], bool], what: str) -> None:
    """Wait until the condition is true.

    Raises:
        TimeoutError: naming what was waited for.
    """
    until = time.monotonic() + WITHIN
    while not true():
        if time.monotonic() > until:
            raise TimeoutError(what)
        time.sleep(0.5)


def full_store(folder: Path) -> dict[str, Any]:
    """A store with 1,000 finished runs of 500 points: seconds from opening Compare to its first chart, in a browser
    that has loaded the app already."""
    server = AppServer(folder / "full")
    store = Store(f"sqlite:///{server.home / 'xfer.db'}")
    fill(store)
    try:
        with open_browser() as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            waits = []
            for _ in range(6):
                page.goto(f"{server.url}/methods")
                page.get_by_test_id("stMainBlockContainer").wait_for()
                page.wait_for_timeout(2500)
                waits.append(page.evaluate(OPEN))
        return {"runs": RUNS, "points": POINTS, "first_seconds": waits[0], "seconds": sorted(waits[1:])}
    finally:
        server.close()


OPEN = """() => new Promise(done => {
  const begun = performance.now();
  const look = () => document.querySelector('.stPlotlyChart .main-svg')
    ? done((performance.now() - begun) / 1000) : requestAnimationFrame(look);
  [...document.querySelectorAll('a')].find(a => a.innerText.trim().endsWith('Compare')).click();
  look();
})"""


def fill(store: Store) -> None:
    """Fill the store with synthetic results of experiments of 60 runs each, 1,000 in all."""
    made = 0
    while made < RUNS:
        wanted = []
        for seed in range(SEEDS):
            for budget in BUDGETS:
                for arm in strategy_conditions(KINDS):
                    settings = [*arm.settings, f"problem.labels_per_class={budget}", f"seed={seed}"]
                    wanted.append((parse_spec({}, settings), arm.title))
        wanted = wanted[: RUNS - made]
        made += len(wanted)
        for run in store.find(experiment=begin_runs(store, "help", wanted, status=FINISHED)):
            _finish(store, run.id, run.typed_spec)


def _finish(store: Store, run: str, spec: RunSpec) -> None:
    value = 0.3 + 0.01 * spec.seed + 0.02 * int(spec.problem.labels_per_class) * 0.5
    metrics = {spec.target_metric(): value, "accuracy/digits.handwritten/digit/test": 0.9}
    names = ("loss/total", "loss/digits.photo", "lr", "accuracy/digits.photo/digit/validation")
    each = POINTS // len(names)
    points = [(i + 1, names[i % len(names)], i // len(names), value * (i // len(names)) / each) for i in range(POINTS)]
    metric = {"name": spec.target_metric(), "value": value}
    result = {"status": FINISHED, "metrics": metrics, "seconds": 5.0, "target_metric": metric, "selection": {}}
    store.append(run, points, started=time.time() - 5, ended=time.time(), result=result)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("experiment", "kill", "store"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, measure in (("store", full_store), ("experiment", whole), ("kill", killed)):
            if options.only in (None, name):
                found[name] = measure(Path(folder))
                if not options.json:
                    print(describe(name, found), flush=True)
    if options.json:
        print(json.dumps(found))


def describe(name: str, found: dict[str, Any]) -> str:
    """The measurement in one line."""
    one = found[name]
    if name == "store":
        middle = statistics.median(one["seconds"])
        return (
            f"Compare with {one['runs']} runs of {one['points']} points, opened to its first chart: {middle:.2f} s "
            f"({one['seconds'][0]:.2f} to {one['seconds'][-1]:.2f}; the very first time {one['first_seconds']:.2f})"
        )
    if name == "experiment":
        waits = one["interaction_seconds"]
        return (
            f"60 runs, press to last result: {one['seconds'] / 60:.1f} min; a press on a chart meanwhile: median "
            f"{1000 * statistics.median(waits):.0f} ms, at most {1000 * max(waits):.0f} ms, of {len(waits)}"
        )
    line = f"killed at {one['done_at_the_kill']} of 60: {one['finished']} finished, {one['specs']} different specs"
    if "experiment" in found:
        same = one["accuracies"] == found["experiment"]["accuracies"]
        line += f"; the numbers are {'the same' if same else 'NOT the same'} as without a kill"
    return line


if __name__ == "__main__":
    main()
