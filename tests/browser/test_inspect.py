"""Methods, Inspect and Export in a real browser: what is pressed there, and what a link brings back."""

from __future__ import annotations

import json
import re
import time

import pytest
from playwright.sync_api import expect

from tests.support.browser import until
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import FINISHED, QUEUED, RUNNING

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

QUICK = ("network.width=4", "training.batch_size=8", "training.steps=20", "training.evaluations=4")


@pytest.fixture
def ended(page, server, served) -> str:
    """The id of a run that was trained on the server."""
    run = served.create(parse_spec({}, list(QUICK)))
    page.goto(server.url)  # the dispatcher comes with the first visitor
    until(lambda: served.get(run).status not in (QUEUED, RUNNING))
    assert served.get(run).status == FINISHED
    return run


def test_a_method_is_found_opened_and_put_into_compare(page, server):
    page.goto(f"{server.url}/methods")
    page.get_by_text("need no target labels").click()
    expect(page.get_by_text(re.compile(r"^15 of 34 methods"))).to_be_visible()
    expect(page.get_by_test_id("stExpander")).to_have_count(15)
    card = page.get_by_test_id("stExpander").filter(has_text="MMD (DAN)")
    card.locator("summary").click()
    expect(card.get_by_text("Where it shines")).to_be_visible()
    expect(page).to_have_url(re.compile(r"only=no_target_labels&method=mmd$"))
    page.reload()
    expect(card.get_by_text("Where it shines")).to_be_visible()
    card.get_by_role("link", name="Put into Compare").click()
    expect(page).to_have_url(re.compile(r"/compare\?.*methods=source_only%2Cmmd"))


def test_the_list_of_methods_is_a_few_screens_long_on_a_telephone(page, server):
    page.set_viewport_size({"width": 375, "height": 812})
    page.goto(f"{server.url}/methods")
    expect(page.get_by_test_id("stExpander")).to_have_count(34)
    main = "document.querySelector('[data-testid=stMain]')"
    page.wait_for_function(f"() => {main}.scrollHeight < 5 * 812")  # once it is laid out
    assert page.evaluate(f"() => {main}.scrollWidth") <= 375


def test_the_feature_space_plays_and_the_link_leads_back_to_it(page, server, ended):
    page.goto(f"{server.url}/run?run={ended}&view=inspect")
    expect(page.get_by_role("heading", name="Confusion matrix")).to_be_visible()
    page.get_by_role("radio", name="Feature space").click()
    expect(page).to_have_url(re.compile("question=features"))
    chart = page.locator(".js-plotly-plot")
    chart.locator(".slider-group").wait_for()
    last = chart.locator(".slider-label").first.text_content()
    chart.locator(".updatemenu-button").first.click()
    page.wait_for_function(
        f"() => document.querySelector('.js-plotly-plot .slider-label').textContent !== {json.dumps(last)}"
    )
    expect(chart.locator(".slider-label").first).to_have_text(last or "", timeout=30_000)
    page.reload()
    expect(page.get_by_role("heading", name="Feature space")).to_be_visible()


def test_each_file_is_one_press_and_the_recipe_opens_again(page, server, served, ended, tmp_path):
    page.goto(f"{server.url}/run?run={ended}&view=home")
    for name in ("report.html", "recipe.json", "curves.csv", "weights.safetensors", "script.py", "data.npz"):
        begun = time.monotonic()
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        assert download.value.suggested_filename == name
        assert download.value.path().stat().st_size > 0
        print(f"{name}: {time.monotonic() - begun:.2f} s")
        if name == "recipe.json":
            recipe = download.value.path().read_bytes()
    page.get_by_text("Open a recipe").click()
    place = page.locator("input[type=file]")
    place.set_input_files({"name": "bad.json", "mimeType": "application/json", "buffer": b'{"seed": -1}'})
    expect(page.get_by_text("seed must be at least 0")).to_be_visible()
    place.set_input_files({"name": "recipe.json", "mimeType": "application/json", "buffer": recipe})
    expect(page.get_by_role("button", name="Start training")).to_be_visible()
    expect(page).to_have_url(re.compile("training.steps=20"))
    assert RunSpec.model_validate(json.loads(recipe)) == parse_spec({}, list(QUICK))
