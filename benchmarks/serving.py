"""Start the app as a real server on a free port, and open a real Chromium, for benchmarks and browser tests."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
ENDED_ANYHOW = 15.0


def chromium() -> str | None:
    """Path of Chromium: ``XFER_CHROMIUM``, the system's, or None for Playwright's own."""
    named = (os.environ.get("XFER_CHROMIUM"), shutil.which("chromium"), shutil.which("chromium-browser"))
    return next(filter(None, named), None)


@contextmanager
def open_browser(*more: str) -> Iterator:
    """A headless Chromium, as a Playwright browser; with ``more`` arguments."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(),
            args=["--no-sandbox", "--disable-gpu", "--enable-precise-memory-info", *more],
        )
        try:
            yield browser
        finally:
            browser.close()


class AppServer:
    """``streamlit run`` on one port for its whole life, with a home of its own.

    Args:
        home: XFER_HOME of the server and its dispatcher.
        app: the script, below the project's root.
        environment: further variables.
    """

    def __init__(self, home: Path, app: str = "app.py", **environment: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url, self.home, self.app = f"http://127.0.0.1:{self.port}", home, app
        self.environment = {**os.environ, "XFER_HOME": str(home), "PYTHONPATH": str(ROOT), **environment}
        self.process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = {"server.port": self.port, "server.address": "127.0.0.1", "server.headless": "true"}
        options |= {"browser.gatherUsageStats": "false", "server.fileWatcherType": "none"}
        command = [sys.executable, "-m", "streamlit", "run", self.app]
        command += [f"--{name}={value}" for name, value in options.items()]
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError((self.home / "server.log").read_text())

    def stop(self) -> float:
        """Ask the server to end; returns the seconds that it took. Its dispatcher goes on."""
        assert self.process is not None
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(ENDED_ANYHOW)
        finally:
            self.process.kill()
        return time.monotonic() - begun

    def close(self) -> None:
        """End the server, its dispatcher and every worker of it."""
        self.stop()
        end_dispatchers(self.home)


def end_dispatchers(home: Path) -> None:
    """End the dispatchers that serve ``home``, or the playground in it, and their workers: no other process has this
    home in its environment."""
    for process in psutil.process_iter(["cmdline"]):
        command = " ".join(process.info["cmdline"] or ())
        if "xfer_core" not in command:
            continue
        try:
            if Path(process.environ().get("XFER_HOME", "/")).is_relative_to(home) and process.pid != os.getpid():
                process.kill()
        except psutil.Error:
            continue
