"""Text from outside in a real browser: it is shown as text, and no request leaves the app."""

from __future__ import annotations

import pytest
from hostile import TEXTS

from benchmarks.serving import AppServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

READ = """() => Object.fromEntries([...document.querySelectorAll('[class*=st-key-]')].map((box) => [
  [...box.classList].find((name) => name.startsWith('st-key-')).slice(7),
  { text: box.innerText, made: box.querySelectorAll('a, img, code, em, del, li, h1, h2, blockquote, table').length,
    bold: box.querySelectorAll('strong').length }]))"""


def told(text: str) -> str:
    """As a reader sees it: on one line, without what has no width."""
    return " ".join(text.replace("\u2060", "").split())


def test_whatever_a_text_holds_is_shown_to_the_letter(page, tmp_path):
    server = AppServer(tmp_path / "home", "tests/browser/text_demo/page.py")
    elsewhere: list[str] = []
    page.on("request", lambda request: None if request.url.startswith(server.url) else elsewhere.append(request.url))
    try:
        page.goto(server.url)
        page.locator(f".st-key-label-{len(TEXTS) - 1}").wait_for()
        page.wait_for_timeout(2000)  # emoji and formulas come as scripts of their own
        seen = page.evaluate(READ)
    finally:
        server.close()
    wrong = []
    for i, text in enumerate(map(told, TEXTS)):
        for kind, expected, bold in (("markdown", text, 0), ("label", text, 0), ("within", f"{text}: {text}.", 1)):
            found = seen[f"{kind}-{i}"]
            if (told(found["text"]), found["made"], found["bold"]) != (expected, 0, bold):
                wrong.append((kind, text, found))
    assert not wrong
    assert not elsewhere
