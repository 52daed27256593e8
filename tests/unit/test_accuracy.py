"""What accuracies say: against closed forms."""

import math

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from xfer_core.analysis.accuracy import accuracy_interval, gain, mean_std


def test_the_noise_of_a_difference_is_what_repeated_tests_show():
    random = np.random.default_rng(0)
    n, p, q = 300, 0.5, 0.75
    differences = random.binomial(n, q, 20_000) / n - random.binomial(n, p, 20_000) / n
    assert gain(p, q, n).noise == pytest.approx(differences.std(), rel=0.02)


def test_a_difference_is_clear_beyond_twice_its_noise():
    assert gain(0.5, 0.75, 300).is_significant
    assert not gain(0.5, 0.55, 300).is_significant
    assert gain(0.75, 0.5, 300).is_significant
    assert gain(0.75, 0.5, 300).difference == -0.25


@pytest.mark.parametrize("samples", [50, 100, 300])
@pytest.mark.parametrize("accuracy", [0.5, 0.8, 0.95, 0.99])
def test_equal_networks_are_called_clear_as_seldom_as_twice_the_noise_says(samples, accuracy):
    """Over every pair of outcomes of two networks that are right equally often."""
    right = np.arange(samples + 1)
    chance = binom.pmf(right, samples, accuracy)
    clear = [[gain(one / samples, other / samples, samples).is_significant for other in right] for one in right]
    assert (np.outer(chance, chance) * clear).sum() < 0.06


@pytest.mark.parametrize(("right", "samples"), [(0, 20), (7, 20), (299, 300), (300, 300)])
def test_the_interval_of_an_accuracy_is_scipys_wilson_interval(right, samples):
    found = binomtest(right, samples).proportion_ci(method="wilson")
    assert accuracy_interval(right / samples, samples) == pytest.approx((found.low, found.high), abs=1e-9)


@pytest.mark.parametrize("samples", [100, 300])
@pytest.mark.parametrize("accuracy", [0.5, 0.75, 0.9, 0.97])
def test_the_interval_of_an_accuracy_covers_it(samples, accuracy):
    right = np.arange(samples + 1)
    ends = np.array([accuracy_interval(k / samples, samples) for k in right])
    held = (ends[:, 0] <= accuracy) & (accuracy <= ends[:, 1])
    assert 0.93 <= binom.pmf(right, samples, accuracy)[held].sum() <= 0.97


def test_the_spread_is_the_sample_standard_deviation():
    over = mean_std([0.5, 0.7, 0.9])
    assert (over.mean, over.seeds) == (pytest.approx(0.7), 3)
    assert over.deviation == pytest.approx(np.std([0.5, 0.7, 0.9], ddof=1))
    assert mean_std([0.5]).deviation is None


def test_the_interval_of_the_mean_stands_beside_the_spread():
    """At five seeds t₄/√5 = 1.2417 deviations to either side: more than the deviation itself."""
    over = mean_std([0.5, 0.6, 0.7, 0.8, 0.9])
    half = 1.241664 * over.deviation
    assert over.interval == pytest.approx((0.7 - half, 0.7 + half), rel=1e-5)
    assert mean_std([0.5]).interval is None


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_the_spread_of_what_is_not_finite_is_unknown(broken):
    over = mean_std([1.0, broken, 2.0])
    assert not math.isfinite(over.mean)
    assert math.isnan(over.deviation)
    assert over.interval is None
    assert mean_std([broken]).deviation is None
