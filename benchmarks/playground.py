"""The page Playground as its visitors see it: how soon it moves, how often, and how many can play at a time.

``python -m benchmarks.playground [--reads N] [--visitors N] [--minutes N] [--stories] [--json]``. It starts the real
app on a free port of this machine with a home of its own, opens the page in a real Chromium, and ends both.
``--visitors`` plays as many playgrounds at once, each with a reader of its frames; ``--minutes`` plays
one for so long and reads its memory;
``--stories`` trains the runs of every story with two seeds: what they are to show.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import re
import statistics
import tempfile
import time
import urllib.parse
from pathlib import Path
from typing import Any

import psutil

from benchmarks.serving import AppServer, open_browser
from pages.playground.played import RATE
from pages.playground.settings import PlaySettings
from pages.playground.stories import STORIES
from xfer_core.execution.playground import begin_play, play, playground_workspace
from xfer_core.runs.frames import LEFT_SECONDS, WATCHED_SECONDS
from xfer_core.runs.store import Store
from xfer_core.runs.train import trainer_for

FOUR = "methods=source_only,fine_tune,joint,dann"
WINDOW, SETTLE = 8.0, 1.5
# Every picture of the plane draws its boundary with drawImage: note when, for each canvas.
NOTE_DRAWS = """() => {
  const plain = CanvasRenderingContext2D.prototype.drawImage;
  window.draws = new Map();
  CanvasRenderingContext2D.prototype.drawImage = function (...given) {
    const { canvas } = this;
    if (canvas.isConnected && canvas.closest('.planes')) {
      if (!draws.has(canvas)) draws.set(canvas, []);
      const times = draws.get(canvas), now = performance.now();
      if (!times.length || now - times.at(-1) > 20) times.push(now); // one picture may take two calls
    }
    return plain.apply(this, given);
  };
}"""
DRAWN = "() => [...draws.values()].map(times => times.map(time => Math.round(time)))"
PLAY = """() => new Promise(done => {
  draws.clear();
  const begun = performance.now();
  const look = () => (draws.size ? done(performance.now() - begun) : requestAnimationFrame(look));
  [...document.querySelectorAll('.xfer-play button')].find(b => b.innerText.trim().endsWith('Play')).click();
  look();
})"""
SLIDE = """share => new Promise(done => {
  draws.clear();
  const slider = document.querySelector('.xfer-play .time input');
  const begun = performance.now();
  slider.value = Math.round(share * slider.max);
  slider.dispatchEvent(new Event('input', { bubbles: true }));
  const look = () => (draws.size ? done(performance.now() - begun)
    : performance.now() - begun > 2000 ? done(null) : requestAnimationFrame(look));
  look();
})"""
POINTS = """() => [...document.querySelectorAll('.xfer-play .planes canvas')].some(canvas => canvas.width > 0
  && canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value))"""


def opened(page: Any, server: AppServer, query: str) -> float:
    """Seconds from the request for the page until points are drawn."""
    begun = time.perf_counter()
    page.goto(f"{server.url}/playground?{query}")
    page.wait_for_function(POINTS, polling=20, timeout=60_000)
    return time.perf_counter() - begun


def press(page: Any, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def total_steps(store: Store) -> int:
    """Steps of all runs that train now."""
    return sum((run.progress or {}).get("step", 0) for run in store.find(statuses=("running",)))


def browse(server: AppServer, reads: int) -> dict[str, Any]:
    """All that one visitor sees."""
    found: dict[str, Any] = {}
    with playground_workspace().use():
        store = Store(playground_workspace().database)
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        opened(page, server, FOUR)
        page.wait_for_function("() => document.querySelector('.xfer-play .time output').innerText.trim()")
        time.sleep(8)  # the playground's dispatcher gets warm
        found["open_seconds"] = [round(opened(page, server, f"{FOUR}&seed={turn}"), 2) for turn in range(reads)]
        moves = []
        for turn in range(reads):
            opened(page, server, f"{FOUR}&seed={100 + turn}")
            time.sleep(SETTLE)
            page.evaluate(NOTE_DRAWS)
            moves.append(round(page.evaluate(PLAY) / 1000, 2))
            press(page, "Pause")
        found["play_to_move_seconds"] = moves
        opened(page, server, f"{FOUR}&seed=200")
        time.sleep(SETTLE)
        page.evaluate(NOTE_DRAWS)
        press(page, "Play")
        time.sleep(2)
        page.evaluate("() => draws.clear()")
        time.sleep(WINDOW)
        times = page.evaluate(DRAWN)
        gaps = [(after - before) / 1000 for own in times for before, after in itertools.pairwise(own)]
        found["pictures"] = len(times)
        found["frames_a_second"] = [round(len(own) / WINDOW, 1) for own in times]
        found["gap_seconds"] = {
            "median": round(statistics.median(gaps), 3), "95 %": round(sorted(gaps)[int(0.95 * len(gaps))], 3),
        }  # fmt: skip
        press(page, "Pause")
        time.sleep(1)
        slides = [page.evaluate(SLIDE, share) for share in (0.2, 0.8, 0.1, 0.9, 0.3, 0.7, 0.0, 1.0, 0.5, 0.6)]
        found["slider_milliseconds"] = [None if one is None else round(one) for one in slides]
        opened(page, server, f"{FOUR}&seed=300")
        time.sleep(SETTLE)
        press(page, "Fastest")
        press(page, "Play")
        time.sleep(1)
        before = total_steps(store)
        time.sleep(3)
        found["steps_a_second"] = round((total_steps(store) - before) / 3)
        press(page, "Pause")
    return found


def remember(server: AppServer, minutes: float) -> list[float]:
    """Megabytes of JavaScript after each minute of play, garbage collected."""
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        opened(page, server, f"{FOUR}&seed=400")
        time.sleep(8)
        session, sizes = page.context.new_cdp_session(page), list[float]()
        press(page, "Play")
        for _minute in range(max(1, round(minutes))):
            until = time.monotonic() + 60
            while time.monotonic() < until:
                time.sleep(2)
                if page.get_by_role("button", name="Play", exact=True).count():  # all runs ended
                    press(page, "Reset")
                    time.sleep(SETTLE)
                    press(page, "Play")
            session.send("HeapProfiler.collectGarbage")
            sizes.append(round(page.evaluate("performance.memory.usedJSHeapSize") / 1e6, 1))
        return sizes


async def _read_frames(port: int, runs: list[str], seconds: float) -> dict[str, int]:
    """Frames of each run that one visitor gets within so many seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    query = urllib.parse.urlencode({"runs": ",".join(runs), "rate": RATE})
    writer.write(f"GET /play/frames?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    await writer.drain()
    counts, until = dict.fromkeys(runs, 0), time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        try:
            line = await asyncio.wait_for(reader.readline(), left)
        except TimeoutError:
            break
        if found := re.match(rb'data: (\{"run".*)', line):
            message = json.loads(found[1])
            counts[message["run"]] += len(message["frames"])
    writer.close()
    return counts


async def _visit(port: int, playgrounds: list[list[str]], seconds: float) -> list[dict[str, int]]:
    return await asyncio.gather(*(_read_frames(port, runs, seconds) for runs in playgrounds))


def crowd(server: AppServer, visitors: int, seconds: float = 30.0) -> dict[str, Any]:
    """So many playgrounds with two methods each, all of which play at the speed that the page starts with; then all of
    them held."""
    store = Store(playground_workspace().database)
    playgrounds: list[list[str]] = []
    for seed in range(visitors):
        specs = PlaySettings(methods=("source_only", "dann"), seed=1000 + seed).specs()
        playgrounds.append(begin_play(store, [(spec, "") for spec in specs], RATE, 100.0))
    for _ in range(600):
        if len(store.find(statuses=("running",))) >= 2 * visitors:
            break
        time.sleep(0.2)
    asyncio.run(_visit(server.port, playgrounds, 5.0))
    for runs in playgrounds:
        play(store, runs, RATE, speed=100.0)
    counts = asyncio.run(_visit(server.port, playgrounds, seconds))
    slowest = sorted(min(own.values()) / seconds for own in counts)
    everyone = [run for runs in playgrounds for run in runs]
    steps = [(run.progress or {}).get("step", 0) for run in store.find(ids=everyone)]
    for runs in playgrounds:
        play(store, runs, RATE, 0)
    time.sleep(LEFT_SECONDS + WATCHED_SECONDS)  # nobody watches: each is paused
    psutil.cpu_percent()
    time.sleep(10)
    held = psutil.cpu_percent()
    workers = [p for p in psutil.process_iter(["name"]) if "xfer" in " ".join(p.cmdline())]
    return {
        "visitors": visitors,
        "frames_a_second_slowest_run": {"lowest": round(slowest[0], 2), "median": round(statistics.median(slowest), 2)},
        "steps_median": statistics.median(steps),
        "processor_percent_when_nobody_watches": held,
        "processes": len(workers),
    }


def stories() -> dict[str, dict[str, list[dict[str, float]]]]:
    """Story → method → for each seed the accuracy on the test points of every domain."""
    found: dict[str, dict[str, list[dict[str, float]]]] = {}
    for name, story in STORIES.items():
        for seed in (0, 1):
            for spec in story.settings.model_copy(update={"seed": seed}).specs():
                measured = trainer_for(spec).run().metrics
                accuracies = {key: round(value, 3) for key, value in measured.items() if key.startswith("accuracy/")}
                found.setdefault(name, {}).setdefault(spec.strategy.kind, []).append(accuracies)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--reads", type=int, default=5, help="reads of each figure of one visitor; 0 for none")
    parser.add_argument("--visitors", type=int, default=0, help="playgrounds that play at once")
    parser.add_argument("--minutes", type=float, default=0, help="of play, while memory is read")
    parser.add_argument("--stories", action="store_true", help="train the runs of every story")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ["XFER_HOME"] = folder
        server = AppServer(Path(folder))
        try:
            if asked.reads:
                found |= browse(server, asked.reads)
            if asked.visitors:
                found |= crowd(server, asked.visitors)
            if asked.minutes:
                found["megabytes"] = remember(server, asked.minutes)
            if asked.stories:
                found |= stories()
        finally:
            server.close()
    if asked.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name.replace('_', ' '):<32}{value}")


if __name__ == "__main__":
    main()
