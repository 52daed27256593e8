"""Memory of the web server while one visitor opens every page.

``python -m benchmarks.memory [--json]``. It trains two small runs in a home of its own, starts the server, and opens
page after page in a real browser. After each it reads the server's resident memory (libraries that it shares with
other processes included) and the part that is its own alone. It needs Chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from benchmarks.serving import AppServer, open_browser
from xfer_core.execution.worker import run_here
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import RUNNING, open_store

SETTLED = 1.5  # seconds without a script that runs, after which a page is complete
MOST = 60.0
KINDS = ("joint", "generalised")
PAGES = ("", "train", "methods", "compare")


def runs(home: Path) -> list[str]:
    """Two finished runs in this home."""
    os.environ["XFER_HOME"] = str(home)
    store, found = open_store(), []
    for kind in KINDS:
        run = store.create(parse_spec({}, [f"strategy.kind={kind}", "training.steps=60"]), name=kind, status=RUNNING)
        run_here(store, run, 1)
        found.append(run)
    return found


def settle(page: Any) -> None:
    """Wait until the page's script has not run for a while."""
    quiet = deadline = time.monotonic()
    while time.monotonic() - quiet < SETTLED and time.monotonic() - deadline < MOST:
        page.wait_for_timeout(100)
        app = page.locator("[data-testid=stApp]")
        if app.count() == 0 or app.get_attribute("data-test-script-state") == "running":
            quiet = time.monotonic()


def walk(server: AppServer, page: Any, run: str, beside: str) -> Iterator[str]:
    """Open every page and every view of a run's page; yields the name of what was opened."""
    for name in PAGES:
        page.goto(f"{server.url}/{name}")
        settle(page)
        yield name or "start"
    page.goto(f"{server.url}/run?run={run}&view=live")
    settle(page)
    yield "run: live"
    page.goto(f"{server.url}/run?run={run}&beside={beside}&view=inspect")
    settle(page)
    questions = page.locator("[data-testid=stButtonGroup]").nth(1).get_by_role("radio")
    for place in range(questions.count()):
        questions.nth(place).click()
        settle(page)
        yield f"run: inspect, {questions.nth(place).inner_text().strip()}"
    page.goto(f"{server.url}/run?run={run}&view=try")
    settle(page)
    yield "run: try"
    page.goto(f"{server.url}/run?run={run}&view=export")
    settle(page)
    with page.expect_download(timeout=1000 * MOST) as download:
        page.get_by_role("button", name="Everything (zip)").click()
    download.value.path()
    settle(page)
    yield "run: export"


def measure(walks: int) -> list[dict[str, Any]]:
    """Megabytes after each page, for so many walks, each by a new visitor."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        run, beside = runs(home)
        server = AppServer(home)
        try:
            assert server.process is not None
            process = psutil.Process(server.process.pid)

            def note(name: str) -> None:
                memory = process.memory_full_info()
                rows.append({"page": name, "resident": memory.rss / 1e6, "own": memory.uss / 1e6})

            note("no visitor yet")
            with open_browser() as browser:
                for number in range(1, walks + 1):
                    visitor = browser.new_context()
                    for name in walk(server, visitor.new_page(), run, beside):
                        note(f"{number}. {name}")
                    visitor.close()
        finally:
            server.close()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--walks", type=int, default=2, help="visitors who walk through all pages, one after the other")
    options = parser.parse_args()
    rows = measure(options.walks)
    if options.json:
        print(json.dumps(rows))
        return
    print(f"{'web server, MB':<42}{'resident':>10}{'own':>8}")
    for row in rows:
        print(f"{row['page']:<42}{row['resident']:>10.0f}{row['own']:>8.0f}")


if __name__ == "__main__":
    main()
