"""The page Domains: its views, and its address."""

from __future__ import annotations

import time

from tests.support.pages import app, text_of
from xfer_core.runs.store import FINISHED, open_store


def test_the_view_is_in_the_address_and_read_from_it():
    test = app("domains", view="own")
    assert test.query_params["view"] == "own"
    assert "No data of your own" in text_of(test)
    test.segmented_control[0].set_value("all").run()
    assert "view" not in test.query_params
    assert not app("domains", view="<b>").exception


def test_two_domains_are_put_side_by_side_with_a_sentence_on_each_kind_of_shift():
    test = app("domains", view="compare", first="planar.moons", second="planar.moons?rotate=60")
    assert not test.exception
    assert test.query_params["second"] == "planar.moons?rotate=60"
    said = text_of(test)
    assert "#### Covariate shift" in said
    assert "#### Label shift &nbsp;:green-badge" in said
    assert "#### Concept shift &nbsp;:orange-badge" in said
    assert len(test.get("plotly_chart")) == 4


def test_a_wrong_reference_in_the_address_is_ignored_and_equal_domains_are_not_compared():
    test = app("domains", view="compare", first="<b>", second="planar.moons?rotate=1e9")
    assert not test.exception
    assert test.selectbox[0].value == "digits.handwritten"
    test = app("domains", view="compare", first="planar.moons", second="planar.moons")
    assert not test.exception
    assert "no distance away from itself" in text_of(test)


def test_both_domains_can_be_exchanged():
    test = app("domains", view="compare", first="planar.moons", second="planar.moons?rotate=60")
    next(button for button in test.button if button.label == "⇄").click().run()
    assert not test.exception
    assert test.query_params["first"] == "planar.moons?rotate=60"
    assert test.query_params["second"] == "planar.moons"


def test_sources_are_ranked_measured_and_the_rank_correlation_is_shown():
    test = app("domains", view="rank", target="planar.moons", labels="5")
    assert not test.exception
    assert test.query_params["task"] == "class"
    assert "Most promising: " in text_of(test)
    next(button for button in test.button if button.label == "Train from every source (5 runs)").click().run()
    assert not test.exception
    store = open_store()
    runs = store.find()
    assert {run.spec["problem"]["labels_per_class"] for run in runs} == {5}
    worth = {"planar.circles": 0.7, "planar.blobs": 0.8, "planar.spirals": 0.9, "planar.drawn": 0.75}
    for run in runs:
        kind, source = run.spec["strategy"]["kind"], run.spec["problem"]["source"][0]
        metric = run.typed_spec.target_metric()
        value = 0.6 if kind == "target_only" else worth[source]
        result = {"target_metric": {"name": metric, "value": value}, "metrics": {metric: value}, "seconds": 1.0}
        result |= {"samples_per_second": 9.0, "status": FINISHED, "step": 3, "device": "cpu", "precision": "float32"}
        store.update(run.id, status=FINISHED, ended=time.time(), result={**result, "threads": 1})
    test.run()
    assert not test.exception
    assert "Kendall's τ between each measure and the measured gain of 4 sources" in text_of(test)
    assert any(metric.label.startswith("τ ") for metric in test.metric)


def test_a_target_without_enough_sources_says_so():
    test = app("domains", view="rank", target="clinical.breast_fine")
    assert not test.exception
    assert "Fewer than two other domains" in text_of(test)


def test_sources_are_ranked_for_a_target_with_parameters_and_measured():
    reference = "planar.moons?rotate=60"
    test = app("domains", view="rank", target=reference, labels="5")
    assert not test.exception
    assert test.query_params["target"] == reference
    next(button for button in test.button if button.label == "Train from every source (5 runs)").click().run()
    assert not test.exception
    assert {tuple(run.spec["problem"]["target"]) for run in open_store().find()} == {(reference,)}
    assert not [button for button in test.button if button.label.startswith("Train from")], "it is found again"
