"""Every press counts: form, address and run agree, at any pace. ``python -m benchmarks.presses`` tries more."""

from __future__ import annotations

import pytest

from benchmarks.presses import PACES, trial
from tests.support.browser import until
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import RUNNING, STOPPED

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_presses_at_any_pace_are_what_the_form_the_address_and_the_run_say(page, server, served):
    page.goto(f"{server.url}/train")
    page.get_by_role("button", name="Start training").wait_for()
    other = served.create(parse_spec({}, ["strategy.kind=joint", "training.steps=1000000"]))
    until(lambda: served.get(other).status == RUNNING)
    wrong = {pace: found for pace in PACES[::3] if (found := trial(page, server, served, pace, pace // 100))}
    assert not wrong
    assert served.get(other).status == RUNNING
    served.command(other, "stop")
    until(lambda: served.get(other).status == STOPPED)


def test_back_takes_the_last_press_back_and_forward_does_it_again(page, server):
    page.goto(f"{server.url}/train?seed=3")
    lock = page.locator(".st-key-stages").get_by_role("switch", name="conv1")
    page.locator(".st-key-stages label", has_text="conv1").click()
    page.wait_for_url("**strategy.frozen*")
    page.go_back()
    page.wait_for_url(lambda url: "frozen" not in url)
    page.wait_for_function("() => !document.querySelector('.st-key-stages input:checked')")
    page.go_forward()
    page.wait_for_url("**strategy.frozen*")
    page.wait_for_function("() => document.querySelector('.st-key-stages input:checked')")
    assert lock.is_checked()
