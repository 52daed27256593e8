"""The live view in a real browser, before a real server: what grows, what survives, what it costs."""

import threading
import time
from pathlib import Path

import pytest

from benchmarks.serving import AppServer
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import Store

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]
METRIC = "accuracy/digits.photo/digit"
UPDATES = 500

# What the tests ask of the page. Charts: 0 accuracy, 1 loss, 2 λ.
PLOTS = "[...document.querySelectorAll('.xfer-live .plot')]"
COUNT = f"({PLOTS}[1]?.data?.[0].x.length ?? 0)"
XS = f"{PLOTS}[1].data[0].x"
RANGE = f"{PLOTS}[1].layout.xaxis.range.map(Math.round)"
STATUS = "document.querySelector('.xfer-live .status')?.dataset.status"


class Writer:
    """Writes a run as a worker does: numbered points and the progress, in one transaction."""

    def __init__(self, store, name="Fine-tune", steps=UPDATES):
        self.store, self.steps = store, steps
        self.run = store.create(RunSpec(), name=name, status="running")
        self.seq = self.step = 0
        self.sent = {}

    def update(self):
        self.step += 1
        values = {"loss/total": 2 / self.step, "loss/source": 1 / self.step, "loss/target": 3 / self.step}
        if self.step % 20 == 0:
            values[f"{METRIC}/validation"] = self.step / (self.steps + 100)
        points = []
        for name, value in values.items():
            self.seq += 1
            points.append((self.seq, name, self.step, value))
        progress = {"step": self.step, "steps": self.steps, "phases": ["source", "target"], "phase_index": 1}
        progress |= {"seconds_left": 0.1 * (self.steps - self.step), "samples_per_second": 12000.0, "device": "cpu"}
        progress |= {"precision": "bfloat16", "threads": 2, "lr": 0.001}
        self.store.append(self.run, points=points, progress=progress)
        self.sent[self.step] = time.time() * 1000

    def updates(self, count, pause=0.0):
        for _ in range(count):
            self.update()
            time.sleep(pause)

    def resume(self, step):
        self.seq = self.store.truncate_after(self.run, step) + 1
        self.step = step
        event = {"seq": self.seq, "step": step, "kind": "resumed", "details": {}, "time": time.time()}
        self.store.append(self.run, events=[event], status="running")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("live")


@pytest.fixture(scope="module")
def store(home):
    return Store(f"sqlite:///{home}/xfer.db")


@pytest.fixture(scope="module")
def server(home, store):
    server = AppServer(home, "tests/browser/live_demo/app.py")
    yield server
    server.stop()


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1440, "height": 1700})
    page = context.new_page()
    page.add_init_script("localStorage.setItem('xfer.live.more', 'yes')")  # the further charts are shown
    page.broken = []
    page.on("pageerror", lambda error: page.broken.append(str(error)))
    yield page
    broken = page.broken
    context.close()
    assert broken == []


def open_view(page, server, *runs, layout="panel"):
    page.goto(f"{server.url}/?runs={','.join(runs)}&layout={layout}")
    page.wait_for_selector(".xfer-live .main-svg", state="attached", timeout=30_000)


def wait(page, condition, seconds=20):
    page.wait_for_function(condition, timeout=seconds * 1000)


def said(page):
    """The line in which the page says how often it ran."""
    return page.get_by_test_id("stText")


def rerun(page):
    """Let the page script run once more; afterwards it says so."""
    before = said(page).inner_text()
    page.get_by_role("button", name="Rerun").click()
    sync_api.expect(said(page)).not_to_have_text(before)


def zoom(page):
    """Drag a box over the middle of the loss chart, as a person does."""
    box = page.locator(".xfer-live .plot").nth(1).locator(".nsewdrag").bounding_box()
    x, y = box["x"], box["y"] + box["height"] * 0.5
    page.mouse.move(x + 0.2 * box["width"], y)
    page.mouse.down()
    page.mouse.move(x + 0.6 * box["width"], y, steps=5)
    page.mouse.up()
    wait(page, f"{PLOTS}[1].layout.xaxis.autorange === false")
    return page.evaluate(RANGE)


def used_heap(page, session):
    """Megabytes of JavaScript objects that nothing can free."""
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
        page.wait_for_timeout(100)
    return session.send("Runtime.getHeapUsage")["usedSize"] / 1e6


def test_500_updates_keep_node_and_zoom_and_cost_little_memory(page, server, store, capsys):
    writer = Writer(store)
    writer.updates(25)
    open_view(page, server, writer.run)
    wait(page, f"{COUNT} === 25")
    page.evaluate(f"window.firstNode = {PLOTS}[1]")
    zoomed = zoom(page)
    # When a step was first drawn, by the page's clock, which is the writer's: both run on this machine.
    page.evaluate(
        """() => {
            window.drawn = {};
            window.firstNode.on('plotly_afterplot', () => {
                const x = window.firstNode.data[0].x;
                window.drawn[x[x.length - 1]] ??= Date.now();
            });
        }"""
    )
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.enable")
    before = used_heap(page, session)
    thread = threading.Thread(target=writer.updates, args=(UPDATES - 25, 0.025))
    thread.start()
    while thread.is_alive():
        page.wait_for_timeout(200)
    wait(page, f"{COUNT} === {UPDATES}")
    growth = used_heap(page, session) - before
    drawn = {int(step): moment for step, moment in page.evaluate("window.drawn").items() if int(step) > 30}
    lags = sorted(moment - writer.sent[step] for step, moment in drawn.items())
    with capsys.disabled():
        print(
            f"\nlive view: heap {before:.1f} MB, growth {growth:+.2f} MB over {UPDATES - 25} updates; committed to "
            f"drawn: median {lags[len(lags) // 2]:.0f} ms, 95 % {lags[int(len(lags) * 0.95)]:.0f} ms, "
            f"{len(lags)} drawings"
        )
    assert growth < 6
    assert lags[len(lags) // 2] < 500
    assert page.evaluate(XS) == list(range(1, UPDATES + 1))
    assert page.evaluate(f"{PLOTS}[1] === window.firstNode && window.firstNode.isConnected")
    assert page.evaluate(RANGE) == zoomed
    assert "500" in page.locator(".xfer-live .step").inner_text()
    rerun(page)
    writer.steps += 1
    writer.update()
    wait(page, f"{COUNT} === {UPDATES + 1}")
    assert page.evaluate(f"{PLOTS}[1] === window.firstNode && window.firstNode.isConnected")
    assert page.evaluate(RANGE) == zoomed
    page.mouse.dblclick(*middle(page))
    wait(page, f"{PLOTS}[1].layout.xaxis.autorange === true")


def middle(page):
    box = page.locator(".xfer-live .plot").nth(1).locator(".nsewdrag").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_refresh_shows_all_points_again(page, server, store):
    writer = Writer(store)
    writer.updates(60)
    open_view(page, server, writer.run)
    wait(page, f"{COUNT} === 60")
    page.reload()
    wait(page, f"{COUNT} === 60")
    assert page.evaluate(XS) == list(range(1, 61))
    assert page.evaluate(f"{PLOTS}[0].data[0].y.map(y => +y.toFixed(3))") == [0.033, 0.067, 0.1]


def test_a_change_of_status_reruns_the_page_once(page, server, store):
    writer = Writer(store)
    writer.updates(5)
    open_view(page, server, writer.run)
    wait(page, f"{STATUS} === 'running'")
    wait(page, f"{COUNT} === 5")
    assert said(page).inner_text() == "rerun 1, status running"
    store.update(writer.run, status="paused")
    sync_api.expect(said(page)).to_have_text("rerun 2, status paused")
    store.update(writer.run, status="running")
    sync_api.expect(said(page)).to_have_text("rerun 3, status running")
    writer.updates(20, 0.05)
    store.append(writer.run, status="failed", reason={"text": "The loss is no number."})
    sync_api.expect(said(page)).to_have_text("rerun 4, status failed")
    sync_api.expect(page.locator(".xfer-live .reason")).to_have_text("The loss is no number.")
    sync_api.expect(page.locator(".xfer-live .spoken")).to_have_text("Fine-tune: failed")
    page.wait_for_timeout(1500)
    assert said(page).inner_text() == "rerun 4, status failed"


def test_a_resumed_run_replaces_its_curve(page, server, store):
    writer = Writer(store)
    writer.updates(40)
    writer.seq += 1
    store.append(writer.run, points=[(writer.seq, f"{METRIC}/test", 25, 0.9)])
    open_view(page, server, writer.run, layout="race")
    sync_api.expect(page.locator(".xfer-live .number")).to_have_text(["7", "90"])
    writer.resume(30)  # which also takes back every test result
    sync_api.expect(page.locator(".xfer-live .number")).to_have_text(["3", "–"])
    writer.updates(10)
    open_view(page, server, writer.run)
    wait(page, f"{COUNT} === 40")
    writer.resume(30)
    wait(page, f"{COUNT} === 30")
    writer.updates(5)
    wait(page, f"{COUNT} === 35")
    assert page.evaluate(XS) == list(range(1, 36))


def test_an_open_page_survives_a_restart_of_the_server_which_ends_at_once(page, server, store):
    writer = Writer(store)
    writer.updates(30)
    open_view(page, server, writer.run)
    wait(page, f"{COUNT} === 30")
    zoomed = zoom(page)
    page.evaluate(f"window.firstNode = {PLOTS}[1]")
    seconds = server.stop()
    assert seconds < 5, "open streams keep the server from ending"
    wait(page, "document.querySelector('.xfer-live .note.shown')")
    writer.updates(10)
    server.start()
    wait(page, f"{COUNT} === 40", 40)
    assert page.evaluate(XS) == list(range(1, 41))
    wait(page, "!document.querySelector('.xfer-live .note.shown')")
    page.wait_for_timeout(1000)
    assert page.evaluate(f"{PLOTS}[1] === window.firstNode && window.firstNode.isConnected")
    assert page.evaluate(RANGE) == zoomed
    writer.update()
    wait(page, f"{COUNT} === 41")


def test_a_race_shows_large_numbers_and_closes_its_stream_at_the_end(page, server, store):
    writers = [Writer(store, name) for name in ("Fine-tune", "From scratch")]
    for writer, count in zip(writers, (40, 20), strict=True):
        writer.updates(count)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/live/stream" in request.url else None)
    open_view(page, server, *(writer.run for writer in writers), layout="race")
    numbers = page.locator(".xfer-live .card .number")
    sync_api.expect(numbers).to_have_text(["7", "–", "3", "–"])
    assert float(numbers.first.evaluate("node => parseFloat(getComputedStyle(node).fontSize)")) >= 48
    assert page.evaluate(f"{PLOTS}[0]._fullLayout.xaxis.tickfont.size") >= 16
    bar = page.get_by_role("progressbar").first
    sync_api.expect(bar).to_have_attribute("aria-valuenow", "40")
    sync_api.expect(page.get_by_role("img", name="Accuracy on the target")).to_be_visible()
    for writer in writers:
        point = (writer.seq + 1, f"{METRIC}/test", writer.step, 0.815)
        store.append(writer.run, points=[point], status="finished")
    sync_api.expect(numbers).to_have_text(["7", "82", "3", "82"])  # no number changes its meaning
    sync_api.expect(page.locator(".xfer-live .final .caption").first).to_have_text("right in the final test")
    page.wait_for_timeout(2500)
    assert len(asked) == 1  # nothing can follow, so nobody reconnects


def test_a_view_that_leaves_the_page_closes_its_stream_and_can_come_back(page, server, store):
    writer = Writer(store)
    writer.updates(10)
    closed = []
    page.on("requestfailed", lambda request: closed.append(request.url) if "/live/stream" in request.url else None)
    open_view(page, server, writer.run)
    wait(page, f"{COUNT} === 10")
    rerun(page)
    assert closed == []
    page.get_by_text("Show").click()
    sync_api.expect(page.locator(".xfer-live")).to_have_count(0)
    page.wait_for_timeout(300)
    assert len(closed) == 1
    writer.updates(5)
    page.get_by_text("Show").click()
    wait(page, f"{COUNT} === 15")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_wear_the_colours_of_the_page(page, server, store, scheme):
    page.emulate_media(color_scheme=scheme)
    writer = Writer(store)
    writer.updates(3)
    open_view(page, server, writer.run)
    wait(page, f"{COUNT} === 3")
    colours = {"light": "#0072B2", "dark": "#56B4E9"}
    line = f"{PLOTS}[1].data[0].line.color"
    assert page.evaluate(line) == colours[scheme]
    text = page.evaluate(f"{PLOTS}[1].layout.font.color")
    page.evaluate(f"window.firstNode = {PLOTS}[1]")
    other = "dark" if scheme == "light" else "light"
    page.emulate_media(color_scheme=other)
    wait(page, f"{line} === '{colours[other]}'")
    assert page.evaluate(f"{PLOTS}[1].layout.font.color") != text
    assert page.evaluate(f"{PLOTS}[1] === window.firstNode && window.firstNode.isConnected")
