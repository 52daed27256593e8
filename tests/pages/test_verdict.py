"""The sentence about one run: its numbers, its doubt, and what it must not say."""

from __future__ import annotations

import math

import pytest

from tests.support.pages import app, finished_run, text_of
from xfer_core.analysis.verdict import verdict
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import STOPPED, Run, open_store


def made(kind: str, accuracy: float, **changes: object) -> Run:
    store = open_store()
    run = finished_run(store, parse_spec({}, [f"strategy.kind={kind}"]), accuracy)
    if changes:
        store.update(run, **changes)
    return store.get(run)


def test_it_is_compared_with_from_scratch_and_knows_the_noise_of_the_test():
    found = verdict(made("fine_tune", 0.75), [made("source_only", 0.4), made("target_only", 0.5)], 100)
    assert found is not None
    assert (found.value, found.baseline, found.against) == (0.75, 0.5, "target_only")
    assert found.noise == pytest.approx(math.sqrt((0.75 * 0.25 + 0.5 * 0.5) / 100))
    assert found.is_significant
    assert found.better == 0.25


def test_without_from_scratch_it_is_compared_with_the_source_and_without_both_with_nothing():
    run = made("dann", 0.7)
    with_source = verdict(run, [made("source_only", 0.4)], 100)
    alone = verdict(run, [], 100)
    assert with_source is not None
    assert with_source.against == "source_only"
    assert alone is not None
    assert (alone.against, alone.is_significant) == ("", False)


@pytest.mark.parametrize(
    ("tuned", "scratch", "said"),
    [
        (0.77, 0.58, ["**77 of 100**", "**19 more**", "(58)", "knowledge that moved", "314 samples", "± 3.7"]),
        (0.40, 0.58, ["**18 fewer**", "negative transfer"]),
        (0.60, 0.58, ["too close to tell apart", "**58**"]),
    ],
)
def test_the_page_says_it_in_one_sentence(tuned, scratch, said):
    run = made("fine_tune", tuned)
    made("target_only", scratch)
    text = text_of(app("train", run=run.id))
    for part in said:
        assert part in text, text


def test_a_run_that_was_stopped_before_the_target_says_so_and_makes_no_claim():
    progress = {"step": 129, "steps": 3000, "phases": ["source", "target"], "phase_index": 0}
    run = made("fine_tune", 0.424, status=STOPPED, progress=progress)
    result = {**(run.result or {}), "step": 129, "status": STOPPED}
    open_store().update(run.id, result=result)
    made("target_only", 0.2)
    found = verdict(open_store().get(run.id), [made("target_only", 0.2)], 314)
    assert found is not None
    assert (found.is_significant, found.cut_short) == (False, True)
    text = text_of(app("train", run=run.id))
    assert "stopped at step 129 of 300, before it learned the target" in text
    assert "more" not in text.partition("stopped at step")[0][-200:]


def test_a_run_that_broke_has_no_verdict_but_a_reason():
    run = made("fine_tune", math.nan)
    assert verdict(run, [], 314) is None
    assert "lower learning rate" in text_of(app("train", run=run.id))
