"""An experiment as a person runs it: ask, watch the pictures fill, read what was found, ask for more seeds."""

from pathlib import Path

import pytest

from xfer_core.experiments.experiment import finished_unique
from xfer_core.runs.store import LIVE

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


def test_a_small_experiment_from_the_question_to_more_seeds(page, server, served):
    before = {run.id for run in served.find()}
    page.goto(f"{server.url}/train?training.steps=40&network.width=4")
    page.get_by_role("button", name="Start training").wait_for()
    page.get_by_role("link", name="Compare this").click()
    expect(page.get_by_text("3 runs: 3 methods × 1 label budget × 1 seed.")).to_be_visible()
    page.get_by_role("slider", name="Seeds").press("ArrowRight")
    expect(page.get_by_text("6 runs: 3 methods × 1 label budget × 2 seeds.")).to_be_visible()
    page.get_by_role("button", name="Start the experiment").click()
    expect(page.get_by_text("of 6 runs are done")).to_be_visible()
    page.locator(".stPlotlyChart .main-svg").first.wait_for(timeout=120_000)
    expect(page.get_by_text("All 6 runs are done; 2 seeds.")).to_be_visible(timeout=240_000)
    verdict = page.get_by_text("2 shared seeds: a difference is called clear from 5 on.")
    expect(verdict).to_be_visible()
    assert verdict.bounding_box()["y"] < 450, "the verdict stands where the eyes are"
    made = [run for run in served.find() if run.id not in before]
    assert len(finished_unique(made)) == len(made) == 6
    assert {run.spec["training"]["steps"] for run in made} == {40}
    assert len({run.threads for run in made}) == 1, "trained alike"
    page.get_by_role("radio", name="Who learns fastest?").click()
    page.get_by_role("radio", name="How good is each, seed by seed?").click()
    page.get_by_text("The numbers").first.click()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    page.get_by_role("button", name="More seeds").click()
    page.get_by_label("Seeds more").fill("1")
    page.get_by_label("Seeds more").press("Enter")
    page.get_by_role("button", name="Add them").click()
    expect(page.get_by_text("of 9 runs are done")).to_be_visible()
    expect(page.get_by_text("All 9 runs are done; 3 seeds.")).to_be_visible(timeout=240_000)
    assert not served.find(statuses=LIVE)
    page.get_by_role("button", name="Export").click()
    for label, ending in (
        ("All runs (CSV)", "runs.csv"),
        ("Figure (SVG)", "figure.svg"),
        ("Report (HTML)", "report.html"),
    ):
        with page.expect_download() as download:
            page.get_by_role("button", name=label).click()
        assert download.value.suggested_filename.endswith(ending)
        assert Path(download.value.path()).stat().st_size > 200
