"""The three kinds of shift, each on distributions where the answer is known; nearest class mean by hand."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
import torch
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.measures import (
    ConceptShift,
    concept_shift,
    covariate_shift,
    label_shift,
    label_shift_by_chance,
    nearest_class_mean,
)

measured = import_module("xfer_core.measures.concept_shift")  # the package has a function of this name


@pytest.fixture
def random():
    return np.random.default_rng(0)


def plane(random, samples=600, shift=0.0, turned=False, share=0.5) -> tuple[Tensor, Tensor]:
    """Points around (shift, 0); class 1 above the horizontal axis, or below it if ``turned``; ``share`` of class 1."""
    y = random.random(samples) < share
    x = random.normal(size=(samples, 2)) + np.array([shift, 0])
    x[:, 1] = np.abs(x[:, 1]) * np.where(y, 1, -1)
    return torch.tensor(x), torch.tensor((~y if turned else y).astype(np.int64))


def test_label_shift_is_half_the_sum_of_differences_of_frequencies():
    assert label_shift(torch.tensor([0, 0, 0, 1]), torch.tensor([0, 1])) == pytest.approx(0.25)
    assert label_shift(torch.tensor([0, 1, 2]), torch.tensor([2, 1, 0, 0, 1, 2])) == 0
    assert label_shift(torch.tensor([0, 1]), torch.tensor([5, 6, 7])) == pytest.approx(1)


def test_frequencies_of_one_distribution_stay_below_what_chance_does(random):
    below = 0
    for seed in range(40):
        drawn = torch.tensor(np.random.default_rng(seed).integers(0, 5, 300))
        below += label_shift(drawn[:100], drawn[100:]) <= label_shift_by_chance(drawn[:100], drawn[100:], 60)
    assert 34 <= below <= 40  # 95 of 100


def test_label_shift_refuses_an_empty_set_and_values():
    with pytest.raises(XferError) as raised:
        label_shift(torch.tensor([], dtype=torch.int64), torch.tensor([1]))
    assert raised.value.code == "one_class"
    with pytest.raises(XferError):
        label_shift(torch.tensor([0.5]), torch.tensor([1]))


def test_covariate_shift_is_clear_where_inputs_moved_and_not_where_they_did_not(random):
    still = covariate_shift(plane(random)[0], plane(random)[0])
    assert abs(still.distance) < 0.35
    assert still.by_chance < 0.35
    moved = covariate_shift(plane(random)[0], plane(random, shift=3)[0])
    assert moved.is_linear
    assert moved.is_clear
    assert moved.distance > 1.5
    assert moved.by_chance < 0.35


def test_a_ring_around_a_disc_is_seen_by_the_kernel_and_by_no_line(random):
    angle = random.uniform(0, 2 * np.pi, 400)
    ring = torch.tensor(np.stack([3 * np.cos(angle), 3 * np.sin(angle)], 1))
    found = covariate_shift(torch.tensor(random.normal(size=(400, 2))), ring)
    assert found.is_clear
    assert found.kernel > 5 * found.kernel_by_chance
    assert abs(found.distance) < 0.35


def test_concept_shift_is_found_where_labels_changed_and_inputs_did_not(random):
    found = concept_shift(*plane(random), *plane(random, turned=True))
    assert found.own > 0.9
    assert found.other < 0.1
    assert found.gap > 0.8
    assert found.is_clear
    assert found.overlap > 0.8 * found.samples


@pytest.mark.parametrize("changed", [{}, {"share": 0.1}, {"shift": 1.0}])
def test_other_frequencies_or_moved_inputs_alone_are_no_concept_shift(random, changed):
    found = concept_shift(*plane(random), *plane(random, **changed))
    assert not found.is_clear
    assert found.is_measurable


def test_of_copies_at_most_the_stated_share_is_called_a_concept_shift(monkeypatch):
    """Five overlapping classes, drawn twice from one distribution, of other frequencies in every second pair; the
    permutation test alone."""
    monkeypatch.setattr(ConceptShift, "is_worth_testing", True)
    monkeypatch.setattr(measured, "_probability_of_target", lambda *given: np.full(len(given[-1]), 0.5))

    def drawn(random: np.random.Generator, first: float) -> tuple[Tensor, Tensor]:
        y = random.choice(5, 100, p=[first, *[(1 - first) / 4] * 4])
        x = 0.7 * np.random.default_rng(1).normal(size=(5, 10))[y] + random.normal(size=(100, 10))
        return torch.tensor(x), torch.tensor(y)

    alarms = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        alarms += concept_shift(*drawn(random, 0.2), *drawn(random, 0.4 if seed % 2 else 0.2), seed).is_clear
    assert alarms <= 3, "of 20; at a rate of 5 of 100 more than three are seen in 16 of 1000 such tests"


def test_a_gap_that_regrouped_samples_reach_is_not_called_clear(random, monkeypatch):
    moved = (*plane(random), *plane(random, turned=True))
    assert concept_shift(*moved).p == pytest.approx(0.05)
    monkeypatch.setattr(measured, "_within_classes", lambda labels, _random: np.arange(len(labels)))
    found = concept_shift(*moved)
    assert (found.p, found.is_worth_testing, found.is_clear) == (1, True, False)


def test_domains_that_do_not_overlap_tell_nothing_of_the_concept(random):
    found = concept_shift(*plane(random), *plane(random, shift=30, turned=True))
    assert found.overlap < 5
    assert not found.is_measurable
    assert not found.is_clear


def test_concept_shift_needs_two_common_classes(random):
    x, y = plane(random)
    with pytest.raises(XferError) as raised:
        concept_shift(x, y, x, y + 5)
    assert raised.value.code == "no_common_class"
    with pytest.raises(XferError) as raised:
        concept_shift(x, y, x, y + 1)
    assert raised.value.code == "one_class"


def test_nearest_class_mean_agrees_with_leaving_each_sample_out(random):
    y = np.arange(30) % 3
    x = random.normal(size=(30, 4)) + random.normal(size=(3, 4))[y]
    right = 0
    for i in range(30):
        rest = np.arange(30) != i
        means = np.stack([x[rest & (y == c)].mean(0) for c in range(3)])
        right += int(np.linalg.norm(means - x[i], axis=1).argmin() == y[i])
    assert nearest_class_mean(torch.tensor(x), torch.tensor(y)) == pytest.approx(right / 30)


def test_nearest_class_mean_leaves_single_samples_out_and_needs_two_classes():
    x = torch.tensor([[0.0], [0.1], [5.0], [5.1], [9.0]])
    assert nearest_class_mean(x, torch.tensor([0, 0, 1, 1, 2])) == 1
    with pytest.raises(XferError) as raised:
        nearest_class_mean(x, torch.tensor([0, 0, 0, 1, 2]))
    assert raised.value.code == "few_samples"
