"""Every strategy on every modality. (On images: test_strategies.)"""

from __future__ import annotations

import math

import pytest
import torch

from tests.support.training import settings
from xfer_core.errors import XferError
from xfer_core.modalities import MODALITIES
from xfer_core.networks import MLP, EmbeddingBag, TextCNN
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import RunSpec
from xfer_core.strategies import STRATEGIES
from xfer_core.training import Trainer

POINTS = Problem(source=("planar.moons", "planar.circles"), target=("planar.moons?rotate=30",), tasks=("class",))
TUMOURS = Problem(source=("clinical.breast_fine",), target=("clinical.breast_coarse",), tasks=("diagnosis",))

NAMES = Problem(source=("names.family",), target=("names.places",), tasks=("language",))


@pytest.mark.parametrize("form", STRATEGIES, ids=lambda form: form.kind_name())
def test_a_strategy_trains_on_points(form):
    spec = RunSpec(problem=POINTS, network=MLP(width=8), strategy=form(), training=settings(steps=6))
    spec.check()
    run = Trainer(spec.problem, spec.network, spec.strategy, spec.training, 0)
    before = {name: value.clone() for name, value in run.network.state_dict().items()}
    result = run.run()
    assert result.status == "finished"
    assert all(math.isfinite(value) for value in result.metrics.values())
    assert f"accuracy/{POINTS.target[0]}/class/test" in result.metrics
    assert any(not torch.equal(value, before[name]) for name, value in run.network.state_dict().items())


@pytest.mark.parametrize("kind", ["fine_tune", "dann", "generalised", "adabn"])
def test_a_strategy_trains_on_a_table(kind):
    form = next(form for form in STRATEGIES if form.kind_name() == kind)
    spec = RunSpec(problem=TUMOURS, network=MLP(width=8), strategy=form(), training=settings(steps=6))
    spec.check()
    result = Trainer(spec.problem, spec.network, spec.strategy, spec.training, 0).run()
    assert all(math.isfinite(value) for value in result.metrics.values())


@pytest.mark.parametrize("form", STRATEGIES, ids=lambda form: form.kind_name())
def test_a_strategy_trains_on_texts_or_says_why_not(form):
    spec = RunSpec(
        problem=NAMES, network=EmbeddingBag(embedding=4, width=8), strategy=form(), training=settings(steps=4)
    )
    if form.needs.interpolation:
        with pytest.raises(XferError, match="must be a method for text inputs"):
            spec.check()
        return
    spec.check()
    result = Trainer(spec.problem, spec.network, spec.strategy, spec.training, 0).run()
    assert result.status == "finished"
    assert all(math.isfinite(value) for value in result.metrics.values())


@pytest.mark.parametrize("network", [EmbeddingBag(width=32), TextCNN(filters=8)], ids=lambda network: network.kind)
def test_a_network_learns_the_languages_of_names(network):
    spec = RunSpec(problem=NAMES, network=network, training=settings(steps=150))
    result = Trainer(spec.problem, spec.network, spec.strategy, spec.training, 0).run()
    assert result.metrics["accuracy/names.family/language/test"] > 0.25, "chance: 0.15, the most frequent language"


def test_every_modality_is_tested():
    assert {kind.modality for kind in MODALITIES} == {"image", "table", "text"}
