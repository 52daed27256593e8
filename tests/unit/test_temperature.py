"""Temperature scaling: against an optimiser, its invariances, which labels it may use, and that runs store it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

from xfer_core.analysis.calibration import calibration
from xfer_core.analysis.predictions import from_logits
from xfer_core.problems.problem import Problem, label_budget_mask
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.train import trainer_for
from xfer_core.training.evaluation import predict
from xfer_core.training.temperature import COLDEST, HOTTEST, LEAST_LABELS, fit_temperature
from xfer_core.training.trainer import Trainer

FINE, COARSE = "clinical.breast_fine", "clinical.breast_coarse"


def drawn(count: int, classes: int, scale: float, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Labels drawn with the probabilities of logits, and these logits times ``scale``."""
    random = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(count, classes, generator=random)
    labels = torch.multinomial(logits.softmax(1), 1, generator=random)[:, 0]
    return scale * logits, labels


def loss(temperature: float, logits: torch.Tensor, labels: torch.Tensor) -> float:
    return float(torch.nn.functional.cross_entropy(logits.double() / temperature, labels))


@pytest.mark.parametrize("classes", [2, 10])
@pytest.mark.parametrize("scale", [0.5, 1, 4])
def test_it_minimises_the_loss(classes: int, scale: float):
    logits, labels = drawn(300, classes, scale)
    found = fit_temperature(logits, labels)
    best: Any = minimize_scalar(lambda t: loss(math.exp(t), logits, labels), bounds=(-3, 3), method="bounded",
                           options={"xatol": 1e-9})  # fmt: skip
    assert found == pytest.approx(math.exp(best.x), rel=1e-4)
    assert found == pytest.approx(scale, rel=0.3)


def test_it_takes_overconfidence_away_from_other_samples_of_the_same_kind():
    fitted = fit_temperature(*drawn(500, 3, 5.0))
    assert fitted is not None
    logits, labels = drawn(2000, 3, 5.0, seed=1)
    before, after = calibration(from_logits(labels, logits)), calibration(from_logits(labels, logits, fitted))
    assert before.error > 0.1
    assert after.error < 0.03
    assert after.accuracy == before.accuracy, "the predicted classes stay"


def test_it_stays_within_its_bounds():
    perfect = torch.eye(2).repeat(20, 1)
    labels = torch.tensor([0, 1] * 20)
    assert fit_temperature(perfect, labels) == pytest.approx(COLDEST, rel=1e-6)
    assert fit_temperature(perfect, 1 - labels) == pytest.approx(HOTTEST, rel=1e-6)
    assert fit_temperature(perfect[: LEAST_LABELS - 1], labels[: LEAST_LABELS - 1]) is None
    assert fit_temperature(perfect * math.inf, labels) is None


def trained(kind: str = "joint", **problem) -> Trainer:
    asked = RunSpec(problem=Problem(**problem)).model_dump(mode="json")
    spec = parse_spec(asked, [f"strategy.kind={kind}", "training.steps=30"])
    trainer = trainer_for(spec)
    trainer.run()
    return trainer


@pytest.mark.parametrize(
    ("budget", "domain"), [("all", COARSE), (10, COARSE), (9, FINE), (0, FINE)], ids=["all", "enough", "few", "none"]
)
def test_only_labels_that_the_run_may_use_are_used(budget, domain: str):
    trainer = trained("joint" if budget else "source_only", source=(FINE,), target=(COARSE,), labels_per_class=budget)
    found = trainer.evaluator.temperatures(trainer.network)
    assert set(found) == {f"{FINE}/diagnosis", f"{COARSE}/diagnosis"}
    assert found[f"{FINE}/diagnosis"].domain == FINE
    target = found[f"{COARSE}/diagnosis"]
    held_out = trainer.data.held_out[domain, "validation"]
    labels = held_out.labels["diagnosis"]
    mask = label_budget_mask(labels, "all" if domain == FINE else budget)
    assert (target.domain, target.labels) == (domain, int(mask.sum()))
    outputs = predict(trainer.network, held_out.inputs, trainer.device, trainer.precision)["diagnosis"]
    assert target.value == fit_temperature(outputs[mask], labels[mask])


def test_hidden_labels_of_the_target_change_nothing():
    trainer = trained("source_only", source=(FINE,), target=(COARSE,), labels_per_class=0)
    before = trainer.evaluator.temperatures(trainer.network)
    inputs, labels = trainer.evaluator.splits[COARSE, "validation"]
    trainer.evaluator.splits[COARSE, "validation"] = (inputs, {"diagnosis": 1 - labels["diagnosis"]})
    assert trainer.evaluator.temperatures(trainer.network) == before


def test_an_unseen_domain_has_that_of_the_source_and_without_a_source_there_is_none():
    unseen = trained("target_only", source=(), target=(FINE,), unseen=(COARSE,), labels_per_class=5)
    assert unseen.evaluator.temperatures(unseen.network) == {}
    result = trained(source=("digits.handwritten",), target=("digits.noisy",), unseen=("digits.photo",))
    found = result.evaluator.temperatures(result.network)
    assert found["digits.photo/digit"] == found["digits.handwritten/digit"]


def test_a_regression_has_none():
    trainer = trained(tasks=("digit", "tilt"))
    assert all(name.endswith("/digit") for name in trainer.evaluator.temperatures(trainer.network))


def test_the_result_of_a_run_is_that_of_its_selected_network():
    spec = parse_spec(RunSpec(problem=Problem(source=(FINE,), target=(COARSE,))).model_dump(mode="json"))
    trainer = trainer_for(spec)
    result = trainer.run()
    assert result.temperatures == trainer.evaluator.temperatures(trainer.network)
    assert np.isfinite([one.value for one in result.temperatures.values()]).all()
