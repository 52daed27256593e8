"""AUC: against scikit-learn's, its invariances, where it is not defined, and in the metrics of a run."""

from __future__ import annotations

import math

import pytest
import torch
from sklearn.metrics import roc_auc_score

from xfer_core.analysis.measure import metric_text
from xfer_core.names import auc_of, is_accuracy, is_auc
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import RunSpec
from xfer_core.training import Trainer, TrainingConfig
from xfer_core.training.auc import auc

NAME = "auc/clinical.breast_coarse/diagnosis/test"


def samples(count: int = 400, steps: int | None = None, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits that know a little of the labels; with ``steps`` rounded, so that many scores are equal."""
    random = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 2, (count,), generator=random)
    logits = torch.randn(count, 2, generator=random)
    logits[:, 1] += 0.7 * labels
    return (logits if steps is None else (logits * steps).round() / steps), labels


@pytest.mark.parametrize("steps", [None, 1, 3])
@pytest.mark.parametrize("count", [7, 400])
def test_it_is_scikit_learns(count: int, steps: int | None):
    for seed in range(5):
        logits, labels = samples(count, steps, seed)
        expected = roc_auc_score(labels.numpy(), (logits[:, 1].double() - logits[:, 0].double()).numpy())
        assert auc(logits, labels) == pytest.approx(expected, abs=1e-12)


def test_it_does_not_depend_on_scale_or_on_which_class_is_positive():
    logits, labels = samples()
    value = auc(logits, labels)
    assert value is not None
    assert 0.5 < value < 1
    assert auc(3 * logits - 5, labels) == pytest.approx(value, abs=1e-6)
    assert auc(logits.flip(1), 1 - labels) == pytest.approx(value, abs=1e-12)
    assert auc(logits.flip(1), labels) == pytest.approx(1 - value, abs=1e-12)


def test_a_network_that_says_the_same_for_all_is_at_chance():
    assert auc(torch.ones(6, 2), torch.tensor([0, 1, 0, 1, 1, 0])) == 0.5


def test_where_it_is_not_defined():
    logits, labels = samples(20)
    assert auc(logits, torch.zeros(20, dtype=torch.int64)) is None, "one class only"
    assert auc(torch.randn(20, 3), labels) is None, "three classes"
    logits[3, 1] = math.nan
    assert auc(logits, labels) is None, "not finite"


def test_a_run_of_two_classes_measures_it_beside_accuracy_and_one_of_ten_does_not():
    spec = RunSpec(problem=Problem(source=("clinical.breast_fine",), target=("clinical.breast_coarse",)))
    training = spec.training.model_copy(update={"steps": 20, "evaluations": 2})
    result = Trainer(spec.problem, spec.network, spec.strategy, training, 0).run()
    areas = [name for name in result.metrics if is_auc(name)]
    assert areas == [auc_of(name) for name in result.metrics if is_accuracy(name)]
    assert NAME in areas
    assert spec.target_metric(auc=True) == NAME
    assert spec.target_metric() == NAME.replace("auc", "accuracy")
    assert 0.5 < result.metrics[NAME] <= 1
    digits = RunSpec()
    assert digits.target_metric(auc=True) == digits.target_metric()
    few = TrainingConfig(steps=2, evaluations=1)
    assert not any(map(is_auc, Trainer(digits.problem, digits.network, digits.strategy, few, 0).run().metrics))


def test_it_is_written_as_a_number_of_three_digits():
    assert metric_text(NAME, 0.87351) == "0.874"
    assert metric_text(NAME, math.nan) == "failed"
