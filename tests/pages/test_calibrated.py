"""Calibrated probabilities on Inspect and Try it, and pages of a run that has no temperature."""

from __future__ import annotations

import re

from tests.support.pages import app, text_of
from tests.support.runs import trained_run
from xfer_core.analysis.calibration import calibration
from xfer_core.analysis.predictions import from_logits, held_out_samples, predict_logits
from xfer_core.runs.load_network import load_trained_network
from xfer_core.runs.store import open_store

TUMOURS = ('problem.source=["clinical.breast_fine"]', 'problem.target=["clinical.breast_coarse"]')
COARSE = "clinical.breast_coarse"


def expected_error(run) -> float:
    """The calibration error with the stored temperature, from the network's own outputs."""
    samples = held_out_samples(run.typed_spec.problem, run.typed_spec.seed, COARSE)
    outputs = predict_logits(load_trained_network(run), samples.inputs)["diagnosis"]
    value = run.result["temperatures"][f"{COARSE}/diagnosis"]["value"]
    return calibration(from_logits(samples.labels["diagnosis"], outputs, value)).error


def test_inspect_shows_the_calibration_with_the_temperature():
    run = trained_run(open_store(), *TUMOURS)
    page = app("run", run=run.id, view="inspect", question="calibration")
    assert not page.exception
    page.toggle(key=f"inside.calibrated.{run.id}").set_value(True).run()
    assert not page.exception
    text = text_of(page)
    assert f"Expected calibration error {100 * expected_error(run):.1f} %" in text
    assert re.search(r"Temperature \d+\.\d\d, fitted on \d+ validation labels of Breast tumours, fine texture", text)
    assert "may still be wrong" in text, "the target's labels are too few"


def test_try_it_shows_calibrated_probabilities():
    run = trained_run(open_store(), *TUMOURS)
    page = app("run", run=run.id, view="try")
    before = [block.proto.body for block in page.get("html")]
    page.toggle(key="try.calibrated").set_value(True).run()
    assert not page.exception
    assert before != [block.proto.body for block in page.get("html")]
    assert "Temperature" in text_of(page)


def test_a_run_of_before_has_no_switch():
    run = trained_run(open_store(), *TUMOURS)
    assert run.result
    result = {name: value for name, value in run.result.items() if name != "temperatures"}
    open_store().update(run.id, result=result)
    for view in ("inspect", "try"):
        page = app("run", run=run.id, view=view, question="calibration")
        assert not page.exception
        assert not any("calibrated" in str(toggle.key) for toggle in page.toggle)
