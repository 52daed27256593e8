"""Time from the press on Start the race to the first number, on a server that has just started.

``python -m benchmarks.first_number [--reads SECONDS] [--times N]``. The visitor comes as soon as the server answers,
and presses after so many seconds of reading.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.serving import AppServer, open_browser

NUMBER = "() => [...document.querySelectorAll('.xfer-live .number')].some(node => /[0-9]/.test(node.textContent))"


def measure(reads: float) -> tuple[float, float]:
    """Seconds from the start of the page until the button is there, and from the press until the first number."""
    with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
        server = AppServer(Path(folder) / "home")
        try:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            begun = time.monotonic()
            page.goto(server.url)
            button = page.get_by_role("button", name="Start the race")
            button.wait_for(timeout=60_000)
            there = time.monotonic() - begun
            page.wait_for_timeout(1000 * reads)
            pressed = time.monotonic()
            button.click()
            page.wait_for_function(NUMBER, timeout=120_000)
            return there, time.monotonic() - pressed
        finally:
            server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=float, default=5.0)
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    for _ in range(options.times):
        there, waited = measure(options.reads)
        print(f"page there after {there:.1f} s, read for {options.reads:g} s, press to first number {waited:.1f} s")


if __name__ == "__main__":
    main()
