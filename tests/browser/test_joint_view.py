"""What a learner sees of joint learning, in a real browser: the matrix of conflict, and a λ sweep."""

import time

import pytest

from xfer_core.experiments.experiment import begin_runs
from xfer_core.experiments.plan import Plan
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import FINISHED, RUNNING

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect
pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

SPEC = parse_spec({"problem": {"tasks": ["digit", "tilt"]}, "strategy": {"kind": "joint"}})
H, P = "digits.handwritten", "digits.photo"
CELLS = "[...document.querySelectorAll('.matrix td')].map(cell => cell.innerText)"


def test_the_matrix_shows_each_cosine_in_two_cells_and_follows_it_live(page, server, served):
    run = served.create(SPEC, name="two tasks", status=RUNNING)
    progress = {"step": 10, "steps": 100, "phases": ["together"], "phase_index": 0, "seconds_left": 9.0}
    progress |= {"samples_per_second": 900.0, "device": "cpu", "precision": "float32", "threads": 1, "lr": 0.01}
    pair = f"cosine/{H}/digit|{H}/tilt"
    served.append(run, [(1, "loss/total", 10, 2.0), (2, pair, 10, -0.5)], progress=progress, heartbeat=time.time())
    page.goto(f"{server.url}/run?run={run}")
    page.get_by_role("button", name="More curves").click()
    page.locator(".matrix").scroll_into_view_if_needed()
    page.wait_for_function(f"() => {CELLS}.filter(text => /^[-−]0.5/.test(text)).length === 2")
    assert page.evaluate(CELLS).count("1") == 4, "the diagonal"
    assert page.evaluate(CELLS).count("–") == 10, "what was not measured yet"
    served.append(run, [(3, pair, 20, 0.25)], progress={**progress, "step": 20}, heartbeat=time.time())
    page.wait_for_function(f"() => {CELLS}.filter(text => text === '0.25').length === 2")
    served.update(run, status="stopped", ended=time.time())
    served.delete([run])


@pytest.mark.parametrize("width", [375, 1440])
def test_a_sweep_is_drawn_at_any_width(page, server, served, width):
    plan = Plan("lambda", SPEC, ("imtl_g",), (5,), 1, {}, f"{P}/tilt")
    specs = [(spec, arm.title.format(**arm.params)) for spec, arm in plan.experiment().specs()]
    experiment = begin_runs(served, "lambda", specs, status=FINISHED)
    for place, run in enumerate(run.id for run in served.find(experiment=experiment)[::-1]):
        metrics = {f"accuracy/{key}/digit/test": 0.8 - 0.1 * place for key in (H, P)}
        metrics |= {f"error/{key}/tilt/test": 5.0 - 0.5 * place for key in (H, P)}
        served.update(run, ended=time.time(), result={"metrics": metrics, "status": FINISHED, "seconds": 1.0})
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{server.url}/sweep?sweep={experiment}")  # an old link
    page.get_by_text("The numbers").wait_for()
    charts = "[...document.querySelectorAll('.stPlotlyChart')].filter(chart => chart.offsetWidth)"
    drawn = f"() => {charts}.filter(chart => chart.querySelector('.main-svg')).length === 1"
    for picture in ("How does λ change the result?", "What does one gain and the other lose?"):
        page.get_by_role("radio", name=picture).click()
        page.get_by_text(picture).last.wait_for()
        page.wait_for_function(drawn)
        boxes = page.evaluate(f"{charts}.map(chart => chart.getBoundingClientRect().width)")
        assert min(boxes) > 0.7 * width, "a picture takes the whole width"
        assert page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth")
    assert f"experiment={experiment}" in page.url
