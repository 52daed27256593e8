"""An experiment as a person runs it: ask, watch the pictures fill, read what was found, ask for more seeds."""

import pytest

from xfer_core.runs.experiment import counted
from xfer_core.runs.store import LIVE

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


def test_a_small_experiment_from_the_question_to_more_seeds(page, server, served):
    before = {run.id for run in served.find()}
    page.goto(f"{server.url}/train?training.steps=40&network.width=4")
    page.get_by_role("button", name="Start training").wait_for()
    page.wait_for_timeout(1500)
    page.get_by_role("link", name="Compare").click()
    page.get_by_text("New experiment").first.wait_for()
    page.wait_for_timeout(1500)
    if not page.get_by_text("Joint or fine-tuned?").first.is_visible():  # folded, where there are experiments
        page.get_by_text("New experiment").first.click()
    page.get_by_text("Joint or fine-tuned?").first.click()
    page.get_by_text("With problem, network and training as set in Train").click()
    expect(page.get_by_text("40 runs, about")).to_be_visible()
    for budget, left in (("10", 30), ("5", 20)):
        page.get_by_role("button", name=f"Remove {budget}", exact=True).click()
        expect(page.get_by_text(f"{left} runs, about")).to_be_visible()
    page.get_by_test_id("stSlider").get_by_role("slider").focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("8 runs, about")).to_be_visible()
    page.get_by_role("button", name="Start the experiment").click()
    expect(page.get_by_text("of 8 runs are done")).to_be_visible()
    page.locator(".stPlotlyChart .main-svg").first.wait_for(timeout=120_000)
    expect(page.get_by_text("All 8 runs are done; 2 seeds.")).to_be_visible(timeout=240_000)
    expect(page.get_by_text("2 shared seeds are too few").first).to_be_visible()
    made = [run for run in served.find() if run.id not in before]
    assert len(counted(made)) == len(made) == 8
    assert {run.spec["training"]["steps"] for run in made} == {40}
    assert len({run.threads for run in made}) == 1, "trained alike"
    page.get_by_role("radio", name="How good is each, seed by seed?").click()
    page.get_by_text("The numbers").first.click()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    page.get_by_role("button", name="More seeds").click()
    page.get_by_label("Seeds more").fill("1")
    page.get_by_label("Seeds more").press("Enter")
    page.get_by_role("button", name="Add them").click()
    expect(page.get_by_text("of 12 runs are done")).to_be_visible()
    expect(page.get_by_text("All 12 runs are done; 3 seeds.")).to_be_visible(timeout=240_000)
    assert not served.find(statuses=LIVE)
