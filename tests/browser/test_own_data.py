"""Somebody who has never been here brings a folder of photos and trains on it: in five clicks, counted."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from benchmarks.serving import AppServer
from tests.support.browser import settled, until
from tests.support.experiments import finish_run
from tests.support.own_data import picture_files, write_folder
from xfer_core import imports
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import LIVE, Store

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

CLASSES = ("<script>alert(1)<script>", "**cat**", "$x$", ":red[dog]")
PRESSES = (
    "window.addEventListener('pointerdown', event => event.isTrusted && window.pressed(event.target.innerText), true)"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = AppServer(tmp_path_factory.mktemp("own") / "home", XFER_SLOTS="3", XFER_IMPORT_MEGABYTES="3")
    yield server
    server.close()


@pytest.fixture
def pressed(page: Page) -> list[str]:
    """What every press of the mouse hit. (A click on a label makes a second one on its control.)"""
    found: list[str] = []
    page.expose_function("pressed", lambda text: found.append(text))
    page.add_init_script(PRESSES)
    return found


@pytest.fixture
def photos(tmp_path):
    """Source and target, thirty photos of each of four classes whose names would be Markdown or HTML; and one file
    that is no picture."""
    files = picture_files(CLASSES, 30, ("source", "target"))
    files[f"source/{CLASSES[1]}/broken.png"] = b"no picture"
    return write_folder(tmp_path / "my photos", files)


def test_a_folder_of_photos_is_trained_on_in_five_clicks(page, server, served, pressed, photos):
    page.goto(server.url)
    page.get_by_role("link", name="your own data").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload directories").click()
    chooser.value.set_files(photos)
    # Buttons move while the page is drawn, and a press would miss them.
    expect(page.get_by_role("button", name="Keep it")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("button", name="Train on it").first).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Train on it").first.click()
    expect(page.get_by_role("button", name="Start training")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Start training").click()
    until(served.find)
    clicks = len(pressed)
    print(f"clicks from Start to a training run: {clicks}")
    assert clicks <= 5, pressed
    until(lambda: not served.find(statuses=LIVE), 120)
    runs = served.find()
    assert {run.status for run in runs} == {"finished"}
    assert {tuple(run.spec["problem"]["source"] + run.spec["problem"]["target"]) for run in runs} == {
        ("own.my_photos.source", "own.my_photos.target")
    }
    values = {run.spec["strategy"]["kind"]: run.target_metric["value"] for run in runs}
    assert values["fine_tune"] > 0.9, "the four classes are easy to tell apart"


def test_the_check_shows_names_as_text_and_the_file_that_is_left_out(page, server, photos):
    page.goto(f"{server.url}/domains?view=own")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload directories").click()
    chooser.value.set_files(photos)
    expect(page.get_by_text("240 pictures · 4 classes · 2 domains: source, target")).to_be_visible()
    settled(page)
    for name in CLASSES:
        expect(page.get_by_text(name, exact=True).first).to_be_attached()
    assert page.locator("[data-testid=stMain] script, [data-testid=stMain] .katex").count() == 0
    expect(page.get_by_text("1 left out, and why")).to_be_visible()
    page.get_by_role("button", name="Take other data").click()
    expect(page.get_by_role("button", name="Upload directories")).to_be_visible()
    settled(page)
    left = [place for place in (server.home / "uploads").iterdir() if any(place.rglob("*.png"))]
    assert not left, "nothing of an upload that was not kept remains"


def test_a_file_above_the_limit_is_refused_with_it(page, server, tmp_path):
    page.goto(f"{server.url}/domains?view=own")
    expect(page.get_by_text("3MB per file").first).to_be_visible()
    (tmp_path / "large.zip").write_bytes(bytes(3 * 1024**2 + 1))
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload", exact=True).click()
    chooser.value.set_files(tmp_path / "large.zip")
    expect(page.get_by_text("File must be 3.0MB or smaller.")).to_be_visible()


def test_what_is_forgotten_is_gone_and_its_run_still_opens(page, server, served, photos, monkeypatch):
    monkeypatch.setenv("XFER_HOME", str(server.home))
    source, target = imports.store(imports.examine(photos), "holidays")
    spec = parse_spec({}, [f'problem.source=["{source}"]', f'problem.target=["{target}"]'])
    run = served.create(spec)
    finish_run(served, run, 0.9)
    page.goto(f"{server.url}/domains?view=own")
    own = page.locator(".st-key-own-import-holidays")
    own.get_by_role("button", name="Forget").click()
    expect(page.get_by_text("1 run was trained on it; its results stay.")).to_be_visible()
    page.get_by_role("button", name="Forget it").click()
    expect(own).to_have_count(0)
    page.goto(f"{server.url}/run?run={run}")
    expect(page.get_by_text("own.holidays.source (no longer here)").first).to_be_visible()
    page.goto(f"{server.url}/train")
    settled(page)
    assert page.locator("img[alt*='holidays']").count() == 0


@pytest.fixture
def served(server) -> Store:
    return Store(f"sqlite:///{server.home / 'xfer.db'}")
