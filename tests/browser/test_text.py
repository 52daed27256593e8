"""Text from outside in a real browser: it is shown as text, and no request leaves the app."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from benchmarks.serving import AppServer
from tests.support.browser import settled
from tests.support.hostile import HOSTILE, TEXTS
from xfer_core.execution.failure import failure_reason
from xfer_core.experiments.experiment import begin_runs
from xfer_core.runs.deletion import delete_runs
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import FAILED, FINISHED

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
        settled(page)
        page.wait_for_load_state("networkidle")  # emoji and formulas come as scripts of their own
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


def test_no_request_leaves_a_page_that_shows_hostile_names_links_and_reasons(page, server, served):
    spec = parse_spec({}, ["network.width=4", "training.steps=2", "training.batch_size=4", "training.evaluations=1"])
    metric = {"name": spec.target_metric(), "value": 0.5}
    result = {"target_metric": metric, "metrics": {metric["name"]: 0.5}, "seconds": 1.0, "samples_per_second": 900.0}
    result |= {"step": 2, "device": "cpu", "precision": "float32", "threads": 1, "frozen_unchanged": None}
    experiment = begin_runs(served, "help", [(spec, HOSTILE)], HOSTILE, status=FINISHED)
    (good,) = [run.id for run in served.find(experiment=experiment)]
    served.update(good, ended=1.0, result=result)
    bad = served.create(spec, name=HOSTILE, status=FAILED, experiment=experiment)
    served.update(bad, ended=1.0, reason=failure_reason("crashed", bad, reason=HOSTILE))
    served.append(good, [(i + 1, "accuracy/digits.photo/digit/validation", i, i / 4) for i in range(3)])
    long = served.create(spec, name="x" * 184, status=FINISHED)
    served.update(long, ended=1.0, result=result)

    elsewhere, blocked = [], []
    ours = (server.url, f"blob:{server.url}", "data:")
    page.on("request", lambda request: None if request.url.startswith(ours) else elsewhere.append(request.url))
    page.on("console", lambda said: blocked.append(said.text) if "Content Security Policy" in said.text else None)

    def shows(path: str, count: int = 1) -> None:
        page.goto(f"{server.url}/{path}")
        page.wait_for_function(
            "([text, count]) => document.body.innerText.replaceAll('\\u2060', '').split(text).length > count",
            arg=[HOSTILE, count],
        )
        settled(page)
        assert page.locator("[data-testid=stMain] img[src*='127.0.0.1:9/'], a[href*='127.0.0.1:9/']").count() == 0

    try:
        shows(f"train?seed={quote(HOSTILE)}")
        shows(f"train?run={good}")
        shows(f"run?run={good}&view=watch", 2)  # in the heading and beside the result
        shows(f"run?run={bad}&view=watch", 2)  # in the heading and as the reason
        shows(f"run?run={quote(HOSTILE)}")
        shows(f"compare?experiment={experiment}", 2)  # as the name of a method and as a reason
        page.goto(f"{server.url}/compare?view=runs")
        page.get_by_text("Does transfer help?").first.click()  # unfolds both runs
        page.wait_for_function(
            "(text) => document.body.innerText.replaceAll('\\u2060', '').split(text).length > 2", arg=HOSTILE
        )
        page.goto(f"{server.url}/compare?view=runs&runs={good},{bad}")
        page.get_by_text("What differs").wait_for()
        page.locator(".xfer-live .card h3").nth(1).wait_for()
        settled(page)
        page.goto(f"{server.url}/run?run={long}")
        heading = page.get_by_role("heading", name="xxx")
        heading.wait_for()
        assert heading.evaluate("node => node.scrollWidth <= node.clientWidth")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    finally:
        delete_runs(served, [good, bad, long])  # other tests count what is there
    assert not elsewhere
    assert not blocked
