"""What browser tests share: waiting for the app to settle, and starting a run on Train."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from xfer_core.runs.store import Run, Store

QUICK = "network.width=4&training.batch_size=8&training.evaluations=10"
MOST = 120_000  # milliseconds

# The script has ended, nothing is loading, and for a third of a second no element came or went outside live charts.
SETTLED = """() => {
  const app = document.querySelector('[data-testid=stApp]');
  const busy = !app || app.dataset.testScriptState !== 'notRunning'
    || document.querySelector('[data-testid=stSkeleton], [data-testid=stSpinner]');
  const shown = document.querySelectorAll('body *:not(.xfer-live *)').length;
  if (busy || window.shown !== shown) window.quiet = performance.now();
  window.shown = shown;
  return performance.now() - window.quiet > 333;
}"""


def settled(page: Any) -> None:
    """Wait until the page shows all that it will show without a further press."""
    page.get_by_test_id("stMainBlockContainer").wait_for()
    page.evaluate("() => delete window.shown")
    page.wait_for_function(SETTLED, polling=50)


def until(good: Callable[[], Any], seconds: float = 60.0) -> Any:
    """The first true answer."""
    deadline = time.monotonic() + seconds
    while not (found := good()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def newest(served: Store) -> Run:
    return served.find(limit=1)[0]


def start_training(page: Any, server: Any, served: Store, query: str) -> Run:
    """Open Train with this query and press Start; without the baselines."""
    before = len(served.find())
    page.goto(f"{server.url}/train?{query}")
    page.get_by_text("With both baselines").click()
    settled(page)
    page.get_by_role("button", name="Start training").click()
    until(lambda: len(served.find()) == before + 1)
    return newest(served)
