"""Bootstrap intervals against closed forms, and when a difference is called clear."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from xfer_core.analysis.intervals import LEAST, Difference, interval, paired_difference


def test_of_two_values_the_interval_reaches_from_one_to_the_other():
    """The mean of two draws is the lower with probability 1/4, the upper with 1/4: both ends lie in the outer 2.5 %."""
    assert interval([0.1, 0.4]) == (0.1, 0.4)


@pytest.mark.parametrize("values", [[0.1, 0.2, 0.25, 0.4], [-0.02, 0.0, 0.01, 0.05, 0.3]])
@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_the_ends_are_the_quantiles_over_every_possible_resample(values, confidence):
    """n^n resamples can be listed; ten thousand drawn ones must come near their exact quantiles."""
    means = np.sort([np.mean(drawn) for drawn in product(values, repeat=len(values))])
    tail = (1 - confidence) / 2
    low, high = interval(values, confidence)
    for found, share in ((low, tail), (high, 1 - tail)):  # between the exact quantiles a little to either side
        assert np.quantile(means, max(0, share - 0.01)) - 1e-12 <= found
        assert found <= np.quantile(means, min(1, share + 0.01)) + 1e-12


def test_of_many_values_it_is_the_normal_interval():
    """mean ± z · s / √n with the plain standard deviation s: the central limit theorem."""
    values = np.random.default_rng(3).normal(0.2, 0.1, 400)
    low, high = interval(values.tolist())
    half = 1.959964 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.05 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.05 * half)


def test_one_value_has_no_interval_and_equal_ones_have_no_width():
    assert interval([0.3]) is None
    assert interval([0.3, 0.3, 0.3]) == (0.3, 0.3)


def test_it_shifts_and_scales_with_its_values():
    values = [0.1, 0.2, 0.25, 0.4, 0.9]
    low, high = interval(values)
    assert interval([1 + 2 * value for value in values]) == pytest.approx((1 + 2 * low, 1 + 2 * high))
    assert interval([-value for value in values]) == pytest.approx((-high, -low), abs=0.01)


def test_differences_are_paired_by_seed():
    """Far apart from seed to seed, yet always 0.1 better: paired that is certain."""
    other = {seed: 0.1 * seed for seed in range(6)}
    own = {seed: value + 0.1 for seed, value in other.items() if seed} | {9: 0.0}
    found = paired_difference(own, other)
    assert (found.mean, found.seeds) == (pytest.approx(0.1), 5)
    assert found.clear
    assert paired_difference({1: 0.5}, {2: 0.5}) is None
    single = paired_difference({1: 0.5}, {1: 0.25})
    assert (single.mean, single.low, single.high, single.seeds) == (0.25, None, None, 1)


@pytest.mark.parametrize(
    ("low", "high", "seeds", "clear"),
    [
        (0.01, 0.2, LEAST, True),
        (-0.2, -0.01, LEAST, True),
        (-0.01, 0.2, 20, False),
        (0.0, 0.2, 20, False),
        (0.01, 0.2, LEAST - 1, False),
        (None, None, 1, False),
    ],
)
def test_clear_is_an_interval_without_zero_and_enough_seeds(low, high, seeds, clear):
    assert Difference(0.1, low, high, seeds).clear is clear
