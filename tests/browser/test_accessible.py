"""Every page in both themes: no serious fault that axe finds, a title, a ring where the focus is."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.browser import QUICK, settled, until
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import FINISHED, QUEUED, RUNNING, Store

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

GRAVE = ("serious", "critical")


@pytest.fixture(scope="module")
def trained(browser, server) -> tuple[Store, list[str]]:
    """A finished race's worth of runs on the server: one of fine-tuning, one of another method."""
    store = Store(f"sqlite:///{server.home / 'xfer.db'}")
    settings = ["network.width=4", "training.batch_size=8", "training.steps=20", "training.evaluations=2"]
    made = [store.create(parse_spec({}, [*settings, f"strategy.kind={kind}"])) for kind in ("fine_tune", "joint")]
    visitor = browser.new_page()
    visitor.goto(server.url)  # the dispatcher comes with the first visitor
    until(lambda: not store.find(ids=made, statuses=(QUEUED, RUNNING)))
    visitor.close()
    assert [store.get(run).status for run in made] == [FINISHED] * 2
    return store, made


PAGES = {
    "start": "",
    "train": "train",
    "train, joint": "train?strategy.kind=joint",
    "methods": "methods?method=mmd",
    "playground": "playground",
    "playground, drawn": "playground?data=drawn&methods=joint",
    "domains": "domains",
    "pictures of a domain": "domains?domain=digits.rotated?degrees=60",
    "texts of a domain": "domains?domain=names.family",
    "two domains": "domains?view=compare&first=planar.moons&second=planar.moons?rotate=60",
    "ranked sources": "domains?view=rank&target=planar.moons&labels=5",
    "own data": "domains?view=own",
    "compare": "compare",
    "runs": "compare?view=runs",
    "compared runs": "compare?view=runs&runs={run},{other}",
    "run": "run?run={run}",
    "inspect": "run?run={run}&view=inspect",
    "inspect, feature space": "run?run={run}&view=inspect&question=features",
    "try it": "run?run={run}&view=try",
    "export": "run?run={run}&view=home",
}


@pytest.fixture(scope="module", params=["light", "dark"])
def visitor(browser, request):
    """One visitor for all pages in a theme."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=request.param)
    yield page
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(server, trained, visitor, name):
    page, (_, (run, other)) = visitor, trained
    page.goto(f"{server.url}/{PAGES[name].format(run=run, other=other)}")
    settled(page)
    found = [
        f"{one['id']} ({one['impact']}): {node['html'][:160]} {node['failureSummary'][:200]}"
        for one in Axe().run(page).response["violations"]
        if one["impact"] in GRAVE
        for node in one["nodes"][:3]
    ]
    assert not found, "\n".join(found)


def test_each_page_has_a_title_and_the_run_its_own(page, server, trained):
    store, (run, _other) = trained
    for path, title in (("", "Start · Xfer"), ("train", "Train · Xfer"), ("compare", "Compare · Xfer")):
        page.goto(f"{server.url}/{path}")
        expect(page).to_have_title(title)
    page.goto(f"{server.url}/run?run={run}")
    metric = store.get(run).target_metric
    assert metric is not None
    expect(page).to_have_title(f"Fine-tuning {round(100 * metric['value'])} % · Xfer")


def test_the_menu_of_a_telephone_closes_once_a_page_is_chosen(page, server):
    page.set_viewport_size({"width": 375, "height": 812})
    page.goto(server.url)
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_test_id("stSidebarNavLink").nth(1).click()
    expect(page.get_by_role("button", name="Start training")).to_be_visible()
    expect(page.get_by_test_id("stSidebar")).to_have_attribute("data-collapsed", "true")


def test_an_unknown_address_is_said_in_own_words(page, server):
    page.goto(f"{server.url}/nonsense")
    expect(page.get_by_role("alert").get_by_text("This address is not known here")).to_be_visible()
    expect(page.get_by_text("Page not found")).to_be_hidden()
    expect(page.get_by_role("button", name="Start the race")).to_be_visible()


def test_the_focus_has_a_ring_in_the_navigation(page, server):
    page.goto(f"{server.url}/train?{QUICK}")
    page.get_by_role("button", name="Start training").wait_for()
    page.keyboard.press("Tab")  # to "skip to content", which is Streamlit's own
    page.keyboard.press("Tab")
    ring = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert page.evaluate("() => document.activeElement.dataset.testid") == "stTopNavLink"
    assert ring == "solid"
