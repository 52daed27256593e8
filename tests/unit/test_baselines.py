"""Baselines of a run: they begin with no knowledge, also where the network of the run comes filled."""

from __future__ import annotations

from typing import get_args

import pytest

from xfer_core.analysis.verdict import Verdict
from xfer_core.exports.summary import comparison_summary
from xfer_core.networks import NETWORKS, EfficientNetLite0, EmbeddingBag, SmallCNN
from xfer_core.runs.baselines import baseline_specs, baseline_title
from xfer_core.runs.spec import RunSpec


@pytest.mark.parametrize("form", NETWORKS, ids=lambda form: form.kind_name())
def test_what_stands_for_a_network_comes_with_nothing_and_takes_the_same_inputs(form):
    starts = get_args(form.model_fields["start"].annotation) if "start" in form.model_fields else ()
    for network in (form(), *(form.model_validate({"start": start}) for start in starts)):
        assert not network.unfilled.is_filled
        assert set(network.modalities) <= set(network.unfilled.modalities)
        assert network.unfilled == network or network.is_filled


def test_a_text_network_is_itself_with_random_vectors():
    network = EmbeddingBag(start="glove", embedding=50, width=8)
    assert network.unfilled == EmbeddingBag(embedding=50, width=8)


def test_baselines_have_the_methods_and_everything_else_of_the_run():
    spec = RunSpec(network=EfficientNetLite0(), seed=3)
    scratch, source = baseline_specs(spec)
    assert [scratch.strategy.kind, source.strategy.kind] == ["target_only", "source_only"]
    for baseline in (scratch, source):
        assert baseline.model_copy(update={"network": spec.network, "strategy": spec.strategy}) == spec
        assert baseline.network == SmallCNN()
    assert [one.strategy.kind for one in baseline_specs(scratch)] == ["source_only"]


def test_a_title_names_another_network():
    spec = RunSpec(network=EfficientNetLite0())
    assert [baseline_title(one, spec) for one in baseline_specs(spec)] == [
        "From scratch (small_cnn)",
        "Source only (small_cnn)",
    ]
    assert [baseline_title(one, RunSpec()) for one in baseline_specs(RunSpec())] == ["From scratch", "Source only"]


def test_the_report_names_the_network_of_the_baseline():
    found = Verdict(0.8, False, "target_only", 0.5, 0.03, network="small_cnn")
    (said,) = comparison_summary(RunSpec(), found, 100)
    assert said.startswith("With small_cnn, trained from scratch, with the very same labels, 50.0 % are right;")
