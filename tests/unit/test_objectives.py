"""Loss terms and weights against plain numpy, then their invariants."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from xfer_core.objectives.classification import cross_entropy
from xfer_core.objectives.sample_weights import class_balanced_weights, hard_sample_weights


@pytest.fixture
def random():
    return np.random.default_rng(0)


def numpy_cross_entropy(logits, labels):
    shifted = logits - logits.max(1, keepdims=True)
    return np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(labels)), labels]


def test_cross_entropy_is_minus_log_softmax(random):
    logits, labels = random.normal(size=(20, 7)) * 5, random.integers(7, size=20)
    found = cross_entropy(torch.tensor(logits), torch.tensor(labels))
    assert found.shape == (20,)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), numpy_cross_entropy(logits, labels), rtol=1e-4, atol=1e-5)


def test_cross_entropy_does_not_care_about_a_constant_and_survives_large_logits():
    logits, labels = torch.tensor([[1e4, 0.0], [1e4, 0.0]]), torch.tensor([0, 1])
    assert cross_entropy(logits, labels).tolist() == [0.0, 1e4]
    assert cross_entropy(logits - 5e3, labels).tolist() == [0.0, 1e4]


def test_cross_entropy_of_knowing_nothing_is_log_k():
    found = cross_entropy(torch.zeros(3, 10, dtype=torch.bfloat16), torch.tensor([0, 4, 9]))
    np.testing.assert_allclose(found.numpy(), np.log(10), rtol=1e-6)


def test_its_gradient_is_softmax_minus_one_hot(random):
    logits = torch.tensor(random.normal(size=(6, 4)), dtype=torch.float32, requires_grad=True)
    labels = torch.tensor(random.integers(4, size=6))
    cross_entropy(logits, labels).sum().backward()
    expected = torch.softmax(logits.detach(), 1) - torch.eye(4)[labels]
    torch.testing.assert_close(logits.grad, expected)


@pytest.mark.parametrize("counts", [[5, 5, 5], [1, 10, 100], [3, 0, 9], [7]])
def test_class_balanced_weights_have_mean_one_and_equal_class_sums(counts):
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    weights = class_balanced_weights(labels, torch.tensor(counts))
    assert weights.mean().item() == pytest.approx(1, rel=1e-6)
    sums = [weights[labels == k].sum().item() for k, n in enumerate(counts) if n]
    np.testing.assert_allclose(sums, len(labels) / len(sums), rtol=1e-5)


def test_class_balanced_weights_come_from_the_domain_not_from_the_batch():
    counts = torch.tensor([10, 30])
    batch = class_balanced_weights(torch.tensor([1, 1, 0]), counts)
    np.testing.assert_allclose(batch.numpy(), [40 / (2 * 30), 40 / (2 * 30), 40 / (2 * 10)], rtol=1e-6)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 10.0])
def test_hard_weights_are_the_focal_factor_scaled_to_mean_one(random, gamma):
    losses = random.exponential(size=30)
    factor = (1 - np.exp(-losses)) ** gamma
    found = hard_sample_weights(torch.tensor(losses), gamma)
    np.testing.assert_allclose(found.numpy(), factor / factor.mean(), rtol=2e-3)
    assert found.mean().item() == pytest.approx(1, rel=1e-5)


def test_gamma_zero_is_uniform_even_for_certain_samples():
    assert hard_sample_weights(torch.tensor([0.0, 0.1, 5.0]), 0.0).tolist() == [1, 1, 1]


@pytest.mark.parametrize("losses", [[0.0, 0.0], [0.0, 1e-12]])
def test_hard_weights_stay_finite_where_all_is_certain(losses):
    weights = hard_sample_weights(torch.tensor(losses), 2.0)
    assert torch.isfinite(weights).all()
    assert weights.sum().item() == pytest.approx(2)


def test_harder_samples_never_weigh_less_and_order_does_not_matter(random):
    losses = torch.tensor(np.sort(random.exponential(size=40)))
    weights = hard_sample_weights(losses, 2.0)
    assert (weights.diff() >= 0).all()
    shuffled = torch.tensor(random.permutation(40))
    torch.testing.assert_close(hard_sample_weights(losses[shuffled], 2.0), weights[shuffled])


def test_no_gradient_flows_through_hard_weights():
    losses = torch.tensor([0.5, 1.0, 2.0], requires_grad=True)
    weights = hard_sample_weights(losses, 2.0)
    assert not weights.requires_grad
    (weights * losses).sum().backward()
    torch.testing.assert_close(losses.grad, weights)
