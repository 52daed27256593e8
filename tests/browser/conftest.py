"""One real server with its dispatcher and one real Chromium for all browser tests of the app."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from benchmarks.serving import AppServer, open_browser
from xfer_core.runs.store import Store

NO_SPARE_PROCESS = "--disable-features=SpareRendererForSitePerProcess"  # half a second of a processor for each page
expect.set_options(timeout=30_000)  # the first visitor of a cold server waits for the domains to be made


@pytest.fixture(scope="session")
def browser():
    with open_browser(NO_SPARE_PROCESS) as browser:
        yield browser


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    server = AppServer(tmp_path_factory.mktemp("app") / "home", XFER_SLOTS="3")
    yield server
    server.close()


@pytest.fixture
def served(server) -> Store:
    """The store that the server and its dispatcher share."""
    return Store(f"sqlite:///{server.home / 'xfer.db'}")


@pytest.fixture
def page(browser):
    """A fresh visitor. Afterwards: nothing was logged as an error, and no traceback was shown."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(30_000)
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    # Streamlit itself asks below the page's path first, and is told 404.
    page.on(
        "response",
        lambda r: broken.append(f"{r.status} {r.url}") if r.status >= 400 and "_stcore" not in r.url else None,
    )
    yield page
    assert "Traceback" not in page.inner_text("body")
    assert not broken
    context.close()
