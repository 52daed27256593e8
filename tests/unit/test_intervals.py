"""Intervals against scipy and by simulation, and when a difference is called clear."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_1samp

from benchmarks.coverage import SHAPES, clear_by_chance, coverage, family_error, foretold
from xfer_core.analysis.intervals import (
    MIN_SEEDS,
    Difference,
    adjust_for_multiple,
    holm,
    interval,
    paired_difference,
    t_interval,
)

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize("values", [[0.1, 0.4], [0.1, 0.2, 0.25, 0.4], [-0.02, 0.0, 0.01, 0.05, 0.3]])
@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_interval_and_p_are_those_of_scipys_t_test(values, confidence):
    found = ttest_1samp(values, 0)
    low, high, p = t_interval(np.array(values), confidence)
    assert (low, high) == pytest.approx(tuple(found.confidence_interval(confidence)))
    assert p == pytest.approx(found.pvalue)
    assert interval(values, confidence) == (low, high)


def test_several_intervals_at_once_are_each_its_own():
    values = np.random.default_rng(0).normal(size=(3, 4, 6))
    low, high, p = t_interval(values)
    assert low.shape == high.shape == p.shape == (3, 4)
    assert interval(values[1, 2].tolist()) == pytest.approx((low[1, 2], high[1, 2]))


@pytest.mark.parametrize("seeds", [5, 10, 20])
@pytest.mark.parametrize("effect", [0.0, 1.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_interval_covers_what_it_says(shape, seeds, effect):
    """Of 20,000 experiments so many that the figure itself scatters by less than 0.2 points."""
    assert 0.93 <= coverage(shape, seeds, effect, draws=20_000) <= 0.97


@pytest.mark.parametrize("seeds", [5, 10, 20])
def test_chance_is_called_clear_as_seldom_as_it_says(seeds):
    """The percentile bootstrap said so in 17 of 100 cases at 5 seeds."""
    assert 0.03 <= clear_by_chance("normal", seeds, draws=20_000) <= 0.07


@pytest.mark.parametrize("seeds", [5, 10, 20])
def test_several_arms_against_one_reference_hold_the_level_together(seeds):
    alone, together = family_error(seeds, arms=6, draws=20_000)
    assert alone > 0.12, "without the adjustment it is not held"
    assert together <= 0.055


def test_measured_differences_are_as_normal_as_the_interval_assumes():
    share, pairs = foretold()
    assert pairs > 300
    assert 0.93 <= share <= 0.97


def test_a_large_effect_is_found():
    """Two standard deviations at 10 seeds: the level is not held by never saying anything."""
    values = 2 + np.random.default_rng(0).normal(size=(2000, 10))
    assert (t_interval(values)[2] < 0.05).mean() > 0.99


def test_one_value_has_no_interval_and_equal_ones_have_no_width():
    assert interval([0.3]) is None
    assert interval([0.3, 0.3, 0.3]) == pytest.approx((0.3, 0.3))
    assert t_interval(np.zeros(5))[2] == 1, "no difference at all"
    assert t_interval(np.full(5, 0.25))[2] == 0


def test_it_shifts_and_scales_with_its_values():
    values = [0.1, 0.2, 0.25, 0.4, 0.9]
    low, high = interval(values)
    assert interval([1 + 2 * value for value in values]) == pytest.approx((1 + 2 * low, 1 + 2 * high))
    assert interval([-value for value in values]) == pytest.approx((-high, -low))


def test_differences_are_paired_by_seed():
    """Far apart from seed to seed, yet always 0.1 better: paired that is certain."""
    other = {seed: 0.1 * seed for seed in range(6)}
    own = {seed: value + 0.1 for seed, value in other.items() if seed} | {9: 0.0}
    found = paired_difference(own, other)
    assert (found.mean, found.seeds) == (pytest.approx(0.1), 5)
    assert found.is_significant
    assert paired_difference({1: 0.5}, {2: 0.5}) is None
    single = paired_difference({1: 0.5}, {1: 0.25})
    assert (single.mean, single.low, single.high, single.seeds, single.p) == (0.25, None, None, 1, None)


@pytest.mark.parametrize("broken", [[NAN] * 5, [0.1, 0.2, NAN, 0.1, 0.2], [0.1, INF, 0.2, 0.1, 0.2], [INF] * 5])
def test_a_value_that_is_not_finite_leaves_the_interval_unknown(broken):
    found = paired_difference(dict(enumerate(broken)), dict.fromkeys(range(5), 0.1))
    assert math.isnan(found.mean)
    assert (found.low, found.high, found.p, found.seeds, found.is_significant) == (None, None, None, 5, False)
    assert interval(broken) is None
    both = paired_difference({**dict.fromkeys(range(5), 0.1), 2: INF}, {**dict.fromkeys(range(5), 0.1), 2: INF})
    assert not both.is_significant, "inf − inf is not nothing"


@pytest.mark.parametrize(
    ("p", "seeds", "clear"),
    [
        (0.049, MIN_SEEDS, True),
        (0.051, MIN_SEEDS, False),
        (0.001, MIN_SEEDS - 1, False),
        (None, 1, False),
        (NAN, MIN_SEEDS, False),
    ],
)
def test_clear_is_a_p_below_five_per_cent_and_enough_seeds(p, seeds, clear):
    assert Difference(0.1, 0.05, 0.15, seeds, p).is_significant is clear


def test_holm_by_hand():
    """Sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1 gives 0.04, 0.06, 0.06, 0.04; none may be below the one before."""
    assert holm(np.array([0.04, 0.01, 0.03, 0.02])) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm(np.array([0.6, 0.4])) == pytest.approx([0.8, 0.8])
    assert holm(np.array([0.9, 0.8])) == pytest.approx([1, 1]), "nothing is above 1"
    assert holm(np.array([0.03])) == pytest.approx([0.03])
    assert holm(np.array([])).tolist() == []
    rows = np.array([[0.04, 0.01], [0.5, 0.001]])
    assert holm(rows) == pytest.approx(np.array([holm(row) for row in rows]))


def test_what_is_shown_together_is_adjusted_together():
    def one(p, seeds=5):
        return Difference(0.1, None if p is None else 0.01, None if p is None else 0.2, seeds, p)

    found = adjust_for_multiple([one(0.02), None, one(0.03), one(0.0001, seeds=3), one(None)])
    assert [each and each.p for each in found] == [pytest.approx(0.06), None, pytest.approx(0.06), 0.0001, None]
    assert [each and each.comparisons for each in found] == [3, None, 3, 1, 3]
    assert not any(each and each.is_significant for each in found)
    assert adjust_for_multiple([one(0.02)])[0].is_significant, "alone it would be"
    assert adjust_for_multiple([]) == []


@pytest.mark.parametrize("above", range(9))
def test_the_sign_test_is_scipys(above):
    own = {seed: 1.0 if seed < above else -1.0 for seed in range(8)}
    found = paired_difference(own, dict.fromkeys(own, 0.0))
    assert (found.above, found.below) == (above, 8 - above)
    assert found.sign_p == pytest.approx(binomtest(above, 8).pvalue)


def test_seeds_without_a_difference_do_not_count_in_the_sign_test():
    found = paired_difference({0: 0.5, 1: 0.6, 2: 0.4}, {0: 0.5, 1: 0.5, 2: 0.3})
    assert (found.above, found.below, found.sign_p) == (2, 0, 0.5)
    assert paired_difference({0: 0.5, 1: 0.5}, {0: 0.5, 1: 0.5}).sign_p is None
