"""What accuracies say: against closed forms."""

import numpy as np
import pytest

from xfer_core.analysis.accuracy import gain, spread


def test_the_noise_of_a_difference_is_what_repeated_tests_show():
    random = np.random.default_rng(0)
    n, p, q = 300, 0.5, 0.75
    differences = random.binomial(n, q, 20_000) / n - random.binomial(n, p, 20_000) / n
    assert gain(p, q, n).noise == pytest.approx(differences.std(), rel=0.02)


def test_a_difference_is_clear_beyond_twice_its_noise():
    assert gain(0.5, 0.75, 300).clear
    assert not gain(0.5, 0.55, 300).clear
    assert gain(0.75, 0.5, 300).clear
    assert gain(0.75, 0.5, 300).difference == -0.25


def test_the_spread_is_the_sample_standard_deviation():
    over = spread([0.5, 0.7, 0.9])
    assert (over.mean, over.seeds) == (pytest.approx(0.7), 3)
    assert over.deviation == pytest.approx(np.std([0.5, 0.7, 0.9], ddof=1))
    assert spread([0.5]).deviation is None
