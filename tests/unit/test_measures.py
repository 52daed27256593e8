"""Measures against plain numpy, scipy or scikit-learn, then their invariants, then what they refuse."""

from __future__ import annotations

import math
import sys
from itertools import permutations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.stats import multivariate_normal
from sklearn.covariance import ledoit_wolf
from torch import Tensor

from xfer_core.errors import XferError, format_error
from xfer_core.measures import (
    class_conditional_gap,
    h_score,
    leep,
    linear_cka,
    logme,
    mmd,
    proxy_a_distance,
)
from xfer_core.objectives.mmd import mk_mmd


@pytest.fixture
def random():
    return np.random.default_rng(0)


def classes_apart(random, samples=60, width=5, classes=3, apart=2.0) -> tuple[Tensor, Tensor]:
    """Gaussian features with a mean for each class, and columns of different scales."""
    labels = np.arange(samples) % classes
    features = random.normal(size=(samples, width)) + apart * random.normal(size=(classes, width))[labels]
    return torch.tensor(features * np.geomspace(0.5, 3, width) + 1), torch.tensor(labels)


def rotation(random, width) -> Tensor:
    return torch.tensor(np.linalg.qr(random.normal(size=(width, width)))[0])


# Proxy A-distance


def test_domains_of_one_distribution_have_almost_no_a_distance(random):
    x = torch.tensor(random.normal(size=(4000, 4)))
    assert all(proxy_a_distance(x[:2000], x[2000:], seed) < 0.15 for seed in range(3))


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_domains_that_a_line_separates_are_two_apart(random, scale):
    x = random.normal(size=(200, 4))
    y = random.normal(size=(90, 4)) + 20
    assert proxy_a_distance(torch.tensor(x * scale), torch.tensor(y * scale), 0) == 2


@pytest.mark.parametrize("shift", [0.5, 1.0, 2.0])
def test_a_distance_of_two_gaussians_is_that_of_the_best_line(random, shift):
    x, y = random.normal(size=(8000, 2)), random.normal(size=(8000, 2))
    y[:, 0] += shift
    error = 0.5 * math.erfc(shift / 2 / math.sqrt(2))  # the Bayes error of two unit Gaussians
    found = proxy_a_distance(torch.tensor(x), torch.tensor(y), 0)
    assert found == pytest.approx(2 * (1 - 2 * error), abs=4 * 2 / math.sqrt(8000))


def test_a_large_domain_does_not_win_by_its_size(random):
    """Guessing the larger domain would be right for 99 %; on balanced halves it is worth nothing."""
    x = torch.tensor(random.normal(size=(20000, 2)))
    assert np.mean([proxy_a_distance(x[:19800], x[19800:], seed) for seed in range(5)]) < 0.4


@pytest.mark.parametrize("samples", [8, 30])
def test_a_distance_of_equal_distributions_is_zero_on_average(random, samples):
    """Cut off at 0 it was 0.32 for eight samples, 0.14 for thirty."""
    drawn = (torch.tensor(random.normal(size=(2, samples, 4))) for _ in range(150))
    found = np.array([proxy_a_distance(x, y, 0) for x, y in drawn])
    assert abs(found.mean()) < 3 * found.std() / math.sqrt(len(found)) < 0.2
    assert found.min() < 0


def test_the_halves_of_the_a_distance_follow_the_seed(random):
    x, y = torch.tensor(random.normal(size=(2, 30, 6)))
    found = [proxy_a_distance(x, y, seed) for seed in range(20)]
    assert len(set(found)) > 2
    assert found == [proxy_a_distance(x, y, seed) for seed in range(20)]
    assert all(value * 30 / 4 == pytest.approx(round(value * 30 / 4)) for value in found), "30 test samples, 15 of each"


def test_what_trains_the_classifier_does_not_test_it(random):
    """With more columns than samples any labels can be learned by heart: on new samples that is worth nothing."""
    x, y = torch.tensor(random.normal(size=(2, 100, 500)))
    assert proxy_a_distance(x, y, 0) < 0.7


# MMD


def unbiased_mmd(x, y):
    """Sums over pairs of different samples, one by one."""
    both = np.concatenate([x, y])
    squared = ((both[:, None] - both[None]) ** 2).sum(-1)
    scale = squared.sum() / (len(both) * (len(both) - 1))

    def k(u, v):
        return np.mean([np.exp(-((u - v) ** 2).sum() / (m * scale)) for m in (0.25, 0.5, 1, 2, 4)])

    within = [np.mean([k(u, v) for i, u in enumerate(z) for j, v in enumerate(z) if i != j]) for z in (x, y)]
    return sum(within) - 2 * np.mean([k(u, v) for u in x for v in y])


def test_mmd_is_the_sum_over_pairs_of_different_samples(random):
    x, y = random.normal(size=(30, 4)), random.normal(size=(20, 4)) + 0.5
    found = mmd(torch.tensor(x), torch.tensor(y))
    assert found == pytest.approx(unbiased_mmd(x, y), rel=1e-9)
    assert found > 0.01


def test_mmd_of_equal_distributions_is_zero_on_average(random):
    """The biased estimate, which the loss takes, is 0.14 there."""
    pairs = [torch.tensor(random.normal(size=(2, 8, 4))) for _ in range(1000)]
    found = np.array([mmd(x, y) for x, y in pairs])
    assert abs(found.mean()) < 3 * found.std() / math.sqrt(len(found)) < 0.006
    assert 0.3 < (found < 0).mean() < 0.7
    assert np.mean([mk_mmd(x, y).item() for x, y in pairs]) > 0.12


def test_mmd_is_symmetric_and_does_not_care_about_order_or_scale(random):
    x, y = torch.tensor(random.normal(size=(2, 25, 3))) * torch.tensor([[[1.0]], [[3.0]]])
    assert mmd(x, y) == pytest.approx(mmd(y, x), rel=1e-12)
    assert mmd(x, y[torch.randperm(25)]) == pytest.approx(mmd(x, y), rel=1e-12)
    assert mmd(100 * x, 100 * y) == pytest.approx(mmd(x, y), rel=1e-9)
    assert mmd(x, x) < 0, "nearer than two draws from one distribution ever are on average"
    assert mmd(torch.ones(3, 2), torch.ones(4, 2)) == 0


def test_mmd_sees_what_moments_of_first_and_second_order_do_not(random):
    coins = torch.tensor(random.choice([-1.0, 1.0], size=(300, 1)))
    bell = torch.tensor(random.normal(size=(300, 1)))
    bell = (bell - bell.mean()) / bell.std() * coins.std() + coins.mean()
    assert mmd(coins, bell) > 5 * mmd(bell[:150], bell[150:])


def test_mmd_grows_as_domains_move_apart(random):
    x, y = torch.tensor(random.normal(size=(2, 100, 3)))
    found = [mmd(x, y + shift) for shift in (0, 0.5, 1, 2, 4)]
    assert found == sorted(found)


def test_large_sets_are_drawn_from_with_the_seed(random, monkeypatch):
    module = sys.modules["xfer_core.measures.mmd"]  # the package's attribute of that name is the function
    x, y = torch.tensor(random.normal(size=(2, 60, 3)))
    whole = mmd(x, y)
    assert mmd(x, y, seed=1) == whole, "small sets are used whole"
    monkeypatch.setattr(module, "MOST_SAMPLES", 40)
    kept, drawn = [], module._subset
    monkeypatch.setattr(module, "_subset", lambda *given: kept.append(drawn(*given)) or kept[-1])
    assert mmd(x, y, seed=1) == mmd(x, y, seed=1)
    assert mmd(x, y, seed=1) != mmd(x, y, seed=2)
    for part, full in zip(kept[:2], (x, y), strict=True):
        assert len(part) == 40
        assert len(set(map(tuple, part.tolist())) & set(map(tuple, full.tolist()))) == 40, "without replacement"


# LEEP


def looped_leep(guesses, labels):
    samples, words = guesses.shape
    joint = {}
    for i in range(samples):
        for z in range(words):
            joint[labels[i], z] = joint.get((labels[i], z), 0) + guesses[i, z] / samples
    total = 0.0
    for i in range(samples):
        likelihood = 0.0
        for z in range(words):
            marginal = sum(joint.get((y, z), 0) for y in set(labels))
            likelihood += joint[labels[i], z] / marginal * guesses[i, z]
        total += math.log(likelihood)
    return total / samples


@pytest.mark.parametrize("words", [2, 4, 9])
def test_leep_is_the_double_loop_of_the_paper(random, words):
    guesses, labels = random.dirichlet(np.full(words, 0.3), size=40), random.choice([2, 5, 7], size=40)
    found = leep(torch.tensor(guesses), torch.tensor(labels))
    assert found == pytest.approx(looped_leep(guesses, labels.tolist()), rel=1e-9)
    shuffled = random.permutation(40)
    assert leep(torch.tensor(guesses[shuffled]), torch.tensor(labels[shuffled])) == pytest.approx(found, rel=1e-12)
    assert leep(torch.tensor(guesses[:, ::-1].copy()), torch.tensor(9 - labels)) == pytest.approx(found, rel=1e-12)


def test_leep_of_certain_guesses_that_can_be_looked_up_is_zero():
    labels = torch.tensor([0, 0, 1, 2, 2])
    guesses = torch.eye(4)[torch.tensor([3, 3, 0, 1, 1])]  # class 2 is never guessed
    assert leep(guesses, labels) == 0


def test_leep_of_guesses_that_ignore_the_sample_is_minus_the_entropy_of_the_labels():
    guesses = torch.tensor([0.2, 0.5, 0.3]).repeat(8, 1)
    labels = torch.tensor([0, 0, 0, 0, 1, 1, 2, 2])
    assert leep(guesses, labels) == pytest.approx(0.5 * math.log(0.5) + 0.5 * math.log(0.25))


def test_leep_accepts_the_rounding_of_bfloat16(random):
    guesses = torch.softmax(torch.tensor(random.normal(size=(50, 10))), 1)
    labels = torch.arange(50) % 3
    assert leep(guesses.bfloat16(), labels) == pytest.approx(leep(guesses, labels), abs=1e-3)
    assert leep(guesses * 0.995, labels) == pytest.approx(leep(guesses, labels), abs=1e-12)


# LogME


def direct_logme(features, labels):
    """max over α, β of log N(y; 0, I/β + FFᵀ/α) by a general optimiser from many starts: no SVD, no fixed point."""
    count = len(labels)

    def minus_evidence(logarithms, y):
        alpha, beta = np.exp(np.clip(logarithms, -30, 30))
        covariance = np.eye(count) / beta + features @ features.T / alpha
        return -multivariate_normal.logpdf(y, np.zeros(count), covariance, allow_singular=True)

    best = []
    for c in np.unique(labels):
        y = (labels == c).astype(float)
        starts = [(a, b) for a in (-3.0, 1.0, 5.0) for b in (0.0, 3.0)]
        found = [minimize(minus_evidence, start, args=(y,), method="Nelder-Mead") for start in starts]
        best.append(-min(result.fun for result in found) / count)
    return np.mean(best)


@pytest.mark.parametrize(("samples", "width", "apart"), [(30, 4, 1.0), (30, 4, 0.1), (20, 1, 0.5), (24, 40, 0.5)])
def test_logme_is_the_largest_evidence_that_an_optimiser_finds(random, samples, width, apart):
    features, labels = classes_apart(random, samples, width, 3, apart)
    assert logme(features, labels) == pytest.approx(direct_logme(features.numpy(), labels.numpy()), abs=1e-4)


def test_logme_is_not_caught_by_a_local_maximum(random):
    """One tiny column says everything, a large one nothing: an iteration from α = β = 1 stays with the large one."""
    labels = torch.arange(40) % 2
    noise = torch.tensor(random.normal(size=(40, 11)))
    features = torch.cat([noise[:, :10] * 10, (labels[:, None] + 0.02 * noise[:, 10:]) * 0.05], 1)
    singular = torch.linalg.svd(features, full_matrices=False)
    grid = torch.logspace(-12, 8, 4001, dtype=torch.float64)  # t, as a multiple of the mean eigenvalue
    eigenvalues = singular.S.square() / singular.S.square().mean()
    best = []
    for c in (0, 1):
        y = (labels == c).double()
        energy = (singular.U.T @ y).square()
        quadratic = (energy / (1 + eigenvalues / grid[:, None])).sum(1) + y.square().sum() - energy.sum()
        determinant = torch.log1p(eigenvalues / grid[:, None]).sum(1)
        evidence = -20 * (2 * torch.pi * quadratic / 40).log() - 20 - determinant / 2
        best.append(evidence.max().item() / 40)
    assert logme(features, labels) == pytest.approx(np.mean(best), abs=1e-4)
    assert logme(features, labels) > logme(features[:, :10], labels) + 0.5


def test_logme_does_not_care_about_scale_rotation_order_or_names_of_classes(random):
    features, labels = classes_apart(random)
    found, order = logme(features, labels), torch.randperm(60)
    assert logme(features * 1e-4, labels) == pytest.approx(found, abs=1e-9)
    assert logme(features @ rotation(random, 5), labels) == pytest.approx(found, abs=1e-9)
    assert logme(features[order], labels[order]) == pytest.approx(found, abs=1e-9)
    assert logme(features, 100 - 7 * labels) == pytest.approx(found, abs=1e-9)


def test_logme_prefers_features_that_tell_classes_apart_and_is_not_bribed_by_noise(random):
    scores = [logme(*classes_apart(np.random.default_rng(0), apart=apart)) for apart in (0.0, 1.0, 3.0)]
    assert scores == sorted(scores)
    features, labels = classes_apart(random)
    noise = torch.tensor(random.normal(size=(60, 200)))
    assert logme(torch.cat([features, noise], 1), labels) < logme(features, labels)


def test_logme_of_features_that_say_nothing_is_that_of_noise_alone():
    """With F = 0, y ~ N(0, I/β), and the best variance is the mean of y²: one half."""
    labels = torch.tensor([0, 1] * 8)
    expected = -0.5 * math.log(2 * math.pi * 0.5) - 0.5
    assert logme(torch.zeros(16, 3), labels) == pytest.approx(expected, abs=1e-9)


def test_logme_of_features_that_are_the_labels_is_large_but_finite():
    labels = torch.arange(40) % 4
    assert 5 < logme(torch.eye(4)[labels], labels) < 20


# H-score


def numpy_h_score(features, labels):
    covariance, shrinkage = ledoit_wolf(features)
    means = np.stack([features[labels == label].mean(0) for label in labels])
    between = np.cov(means, rowvar=False, bias=True)
    return np.trace(np.linalg.solve(covariance, (1 - shrinkage) * between)), shrinkage


@pytest.mark.parametrize(("samples", "width"), [(200, 5), (30, 5), (20, 50)])
def test_h_score_is_that_of_scikit_learn_s_covariance(random, samples, width):
    features, labels = classes_apart(random, samples, width, 4, 0.7)
    expected, shrinkage = numpy_h_score(features.numpy(), labels.numpy())
    assert 0.001 < shrinkage < 0.9, "shrinkage takes part"
    assert h_score(features, labels) == pytest.approx(expected, rel=1e-9)


def test_h_score_of_one_column_is_the_share_of_variance_between_classes(random):
    """Ledoit and Wolf do not shrink a single variance; what is left is the correlation ratio η²."""
    x, labels = classes_apart(random, 50, 1, 2)
    means = torch.stack([x[labels == c].mean() for c in (0, 1)])[labels]
    assert h_score(x, labels) == pytest.approx((means.var() / x.var()).item(), rel=1e-9)


def test_h_score_does_not_care_about_scale_shift_rotation_order_or_names_of_classes(random):
    features, labels = classes_apart(random)
    found, order = h_score(features, labels), torch.randperm(60)
    for other in (features * 1e-3, features * 1e6, features + 50, features @ rotation(random, 5)):
        assert h_score(other, labels) == pytest.approx(found, rel=1e-9)
    assert h_score(features[order], labels[order]) == pytest.approx(found, rel=1e-9)
    assert h_score(features, 100 - 7 * labels) == pytest.approx(found, rel=1e-9)


def test_h_score_lies_between_nothing_and_the_number_of_classes_less_one(random):
    labels = torch.arange(400) % 3
    features = torch.eye(3)[labels] + 1e-6 * torch.tensor(random.normal(size=(400, 3)))
    assert 1.9 < h_score(features, labels) <= 2
    mirrored = torch.tensor(random.normal(size=(50, 4)))
    assert h_score(torch.cat([mirrored, mirrored]), torch.arange(2).repeat_interleave(50)) == pytest.approx(
        0, abs=1e-12
    )


def test_h_score_survives_dead_columns_and_two_samples(random):
    features, labels = classes_apart(random)
    dead = torch.cat([features, torch.full((60, 3), 0.1)], 1)
    assert h_score(dead, labels) == pytest.approx(numpy_h_score(dead.numpy(), labels.numpy())[0], rel=1e-9)
    assert h_score(torch.tensor([[1.0, 2.0], [3.0, 5.0]]), torch.tensor([0, 1])) == pytest.approx(1)


# Class-conditional gap


def looped_gap(xs, ys, xt, yt):
    distances, squares, freedom = [], 0.0, 0
    for c in sorted(set(ys) & set(yt)):
        means = []
        for x, y in ((xs, ys), (xt, yt)):
            rows = [row for row, label in zip(x, y, strict=True) if label == c]
            means.append(sum(rows) / len(rows))
            squares += sum(((row - means[-1]) ** 2).sum() for row in rows)
            freedom += len(rows) - 1
        distances.append(math.sqrt(((means[0] - means[1]) ** 2).sum()))
    return sum(distances) / len(distances) / math.sqrt(squares / freedom)


def test_the_gap_is_the_loop_over_shared_classes(random):
    source, target = random.normal(size=(50, 4)), random.normal(size=(30, 4)) + 1
    source_labels, target_labels = random.integers(0, 5, size=50), random.integers(2, 8, size=30)
    found = class_conditional_gap(*map(torch.tensor, (source, source_labels, target, target_labels)))
    assert found == pytest.approx(looped_gap(source, source_labels, target, target_labels), rel=1e-9)


def test_a_gap_in_closed_form():
    """Means 3 apart in both classes; each class spreads by ±1 in two samples, so its variance is 2."""
    x, y = torch.tensor([[-1.0], [1.0], [9.0], [11.0]]), torch.tensor([0, 0, 1, 1])
    assert class_conditional_gap(x, y, x + 3, y) == pytest.approx(3 / math.sqrt(2))
    assert class_conditional_gap(x, y, x, y) == 0
    assert class_conditional_gap(x, y, x, 1 - y) == pytest.approx(10 / math.sqrt(2)), "classes swapped, domains equal"


def test_the_gap_does_not_care_about_scale_shift_rotation_order_or_direction(random):
    (xs, ys), (xt, yt) = classes_apart(random, 60), classes_apart(random, 45)
    found, turn = class_conditional_gap(xs, ys, xt, yt), rotation(random, 5)
    assert found > 0.1
    order = torch.randperm(60)
    for others in (
        (xs * 1e-3, ys, xt * 1e-3, yt),
        (xs + 7, ys, xt + 7, yt),
        (xs @ turn, ys, xt @ turn, yt),
        (xs[order], ys[order], xt, yt),
        (xt, yt, xs, ys),
        (xs, ys + 4, xt, yt + 4),
    ):
        assert class_conditional_gap(*others) == pytest.approx(found, rel=1e-9)


def test_one_shared_class_and_one_target_sample_are_enough():
    found = class_conditional_gap(
        torch.tensor([[0.0], [2.0], [50.0]]),
        torch.tensor([0, 0, 1]),
        torch.tensor([[5.0], [9.0]]),
        torch.tensor([0, 2]),
    )
    assert found == pytest.approx(4 / math.sqrt(2))


# CKA


def unbiased_hsic(k, other):
    """Song et al. 2007, with the diagonals set to 0, as the paper writes it."""
    k, other, n = k - np.diag(np.diag(k)), other - np.diag(np.diag(other)), len(k)
    ones = np.ones(n)
    mixed = (ones @ k @ ones) * (ones @ other @ ones) / ((n - 1) * (n - 2))
    return (np.trace(k @ other) + mixed - 2 / (n - 2) * (ones @ k @ other @ ones)) / (n * (n - 3))


def debiased_cka(x, y):
    k, other = x @ x.T, y @ y.T
    return unbiased_hsic(k, other) / math.sqrt(unbiased_hsic(k, k) * unbiased_hsic(other, other))


def biased_cka(x, y):
    x, y = x - x.mean(0), y - y.mean(0)
    return np.linalg.norm(x.T @ y) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))


@pytest.mark.parametrize(("first", "second"), [(3, 3), (4, 60), (1, 1), (60, 50), (500, 1), (39, 42)])
def test_cka_is_that_of_the_unbiased_hsic_at_any_widths(random, first, second):
    x = random.normal(size=(40, first)) + 2
    y = random.normal(size=(40, second)) + x[:, :1] - 3
    found = linear_cka(torch.tensor(x), torch.tensor(y))
    assert found == pytest.approx(debiased_cka(x, y), rel=1e-9)
    assert -1 <= found <= 1


def test_the_unbiased_hsic_is_the_mean_over_four_different_samples(random):
    """Its definition as a U-statistic: so what is compared with above is right itself."""
    x, y = random.normal(size=(6, 2)), random.normal(size=(6, 3))
    k, other = x @ x.T, y @ y.T
    terms = [k[i, j] * (other[i, j] + other[q, r] - 2 * other[i, q]) for i, j, q, r in permutations(range(6), 4)]
    assert unbiased_hsic(k, other) == pytest.approx(np.mean(terms))


@pytest.mark.parametrize(("samples", "width", "most", "biased"), [(60, 100, 0.05, 0.3), (200, 30, 0.03, 0.1)])
def test_unrelated_features_have_a_cka_of_about_zero(random, samples, width, most, biased):
    pairs = random.normal(size=(40, 2, samples, width))
    found = np.array([linear_cka(torch.tensor(x), torch.tensor(y)) for x, y in pairs])
    assert abs(found.mean()) < most / 5
    assert np.abs(found).max() < 2 * most
    assert found.min() < 0 < found.max()
    assert biased_cka(*pairs[0]) > biased, "what the estimate before said"


def test_cka_of_few_samples_is_zero_on_average_too(random):
    found = [linear_cka(torch.tensor(x), torch.tensor(y)) for x, y in random.normal(size=(2000, 2, 4, 3))]
    assert abs(np.mean(found)) < 0.05
    assert -1 <= min(found) < max(found) <= 1 + 1e-12


def test_cka_of_single_columns_nears_the_squared_correlation(random):
    x = random.normal(size=20_000)
    y = 0.6 * x + 0.8 * random.normal(size=20_000)
    assert linear_cka(torch.tensor(x)[:, None], torch.tensor(y)[:, None]) == pytest.approx(0.36, abs=0.02)


@pytest.mark.parametrize("flat", [torch.eye(6), torch.tensor([[1.0], [0.0], [0.0], [0.0], [0.0], [0.0]])])
def test_where_no_pair_is_more_alike_than_others_there_is_no_cka(random, flat):
    with pytest.raises(XferError, match="some are more like each other than others"):
        linear_cka(flat, torch.tensor(random.normal(size=(6, 2))))


def test_cka_does_not_care_about_rotation_scale_shift_or_the_order_of_samples(random):
    x, y = torch.tensor(random.normal(size=(50, 6))), torch.tensor(random.normal(size=(50, 4)))
    found, order = linear_cka(x, y), torch.randperm(50)
    assert linear_cka(x @ rotation(random, 6), y @ rotation(random, 4)) == pytest.approx(found, rel=1e-9)
    assert linear_cka(1e-90 * x, 1e90 * y) == pytest.approx(found, rel=1e-9)
    assert linear_cka(x + 10, y - 3) == pytest.approx(found, rel=1e-9)
    assert linear_cka(x[order], y[order]) == pytest.approx(found, rel=1e-9)
    assert linear_cka(y, x) == pytest.approx(found, rel=1e-9)
    assert linear_cka(x, -2 * x @ rotation(random, 6) + 1) == pytest.approx(1, rel=1e-9)


def test_cka_does_care_about_which_sample_is_which_and_about_stretching(random):
    x = torch.tensor(random.normal(size=(500, 3)))
    assert linear_cka(x, x[torch.randperm(500)]) < 0.1
    assert linear_cka(x, x * torch.tensor([1.0, 1.0, 10.0])) < 0.9


def test_cka_of_large_float32_features_keeps_its_digits(random):
    x = torch.tensor(random.normal(size=(100, 3)) + 1000, dtype=torch.float32)
    assert linear_cka(x, x * 2) == pytest.approx(1, abs=1e-12)


# What few samples make of nothing, as the docstrings say it


def test_h_score_of_unrelated_labels_stays_below_what_it_says(random):
    found = [h_score(torch.tensor(random.normal(size=(100, 20))), torch.arange(100) % 4) for _ in range(40)]
    assert 0 < np.mean(found) < 0.5 * 3 * 20 / 99
    scales = torch.tensor(np.geomspace(0.03, 3, 20))
    found = [h_score(torch.tensor(random.normal(size=(100, 20))) * scales, torch.arange(100) % 4) for _ in range(40)]
    assert 0.2 < np.mean(found) < 3 * 20 / 99


def test_leep_of_unrelated_guesses_is_above_minus_the_entropy_by_what_it_says(random):
    guesses = (torch.nn.functional.one_hot(torch.tensor(random.integers(0, 10, 300)), 10).double() for _ in range(100))
    found = [leep(guess, torch.arange(300) % 4) + math.log(4) for guess in guesses]
    assert np.mean(found) == pytest.approx(3 * 9 / (2 * 300), rel=0.15)


@pytest.mark.parametrize(("samples", "width"), [(8, 4), (60, 3), (100, 100)])
def test_logme_does_not_reward_unrelated_features(random, samples, width):
    labels = torch.arange(samples) % 4
    nothing = logme(torch.ones(samples, 1), labels)
    found = [logme(torch.tensor(random.normal(size=(samples, width))) + 1, labels) - nothing for _ in range(40)]
    assert np.mean(found) < 0.05


@pytest.mark.parametrize("samples", [8, 100])
def test_the_gap_of_equal_distributions_is_what_it_says(random, samples):
    labels = torch.arange(4 * samples) % 4
    pairs = (torch.tensor(random.normal(size=(2, 4 * samples, 20))) for _ in range(40))
    found = [class_conditional_gap(x, labels, y, labels) for x, y in pairs]
    assert np.mean(found) == pytest.approx(math.sqrt(2 / samples), rel=0.05)


# What all have in common

MEASURES = {  # each as a function of one matrix and its labels
    "proxy_a_distance": lambda x, y: proxy_a_distance(x, x + 1, 0),
    "mmd": lambda x, y: mmd(x, x + 1),
    "leep": lambda x, y: leep(torch.softmax(x, 1), y),
    "logme": logme,
    "h_score": h_score,
    "class_conditional_gap": lambda x, y: class_conditional_gap(x, y, x + 1, y),
    "linear_cka": lambda x, y: linear_cka(x, x.square()),
}


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_every_measure_takes_every_float_type_and_leaves_its_input_alone(random, name, dtype):
    features, labels = classes_apart(random)
    features = features.to(dtype).requires_grad_()
    before = features.detach().clone(), labels.clone()
    found = MEASURES[name](features, labels)
    assert isinstance(found, float)
    assert math.isfinite(found)
    assert torch.equal(features.detach(), before[0])
    assert torch.equal(labels, before[1])
    assert MEASURES[name](features, labels) == found, "the same input gives the same number"


X, Y = torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.25, 0.75], [0.5, 0.5]]), torch.tensor([0, 0, 1, 1])
NAN, INF = X.clone(), X.clone()
NAN[2, 1], INF[0, 0] = math.nan, -math.inf
FLAT = torch.full((4, 2), 0.1)

REFUSED = [
    *[
        (measure, (bad, X), "source", code)
        for measure in (proxy_a_distance, mmd)
        for bad, code in ((NAN, "not_all_finite"), (X[:1], "few_samples"), (X[0], "not_a_matrix"))
    ],
    *[
        (measure, (X, bad), "target", code)
        for measure in (proxy_a_distance, mmd)
        for bad, code in ((INF, "not_all_finite"), (X[:0], "few_samples"), (X[:, :1], "wrong_shape"))
    ],
    *[
        (measure, (bad, Y[: len(bad)]), "probabilities" if measure is leep else "features", code)
        for measure in (leep, logme, h_score)
        for bad, code in (
            (NAN, "not_all_finite"),
            (INF, "not_all_finite"),
            (X[:1], "few_samples"),
            (X[:, :0], "not_a_matrix"),
            (X[None], "not_a_matrix"),
        )
    ],
    *[
        (measure, (X, bad), "labels", code)
        for measure in (leep, logme, h_score)
        for bad, code in (
            (Y[:3], "wrong_shape"),
            (Y[:, None], "wrong_shape"),
            (Y.float(), "wrong_type"),
            (Y * 0 + 3, "one_class"),
        )
    ],
    (leep, (X * 2, Y), "probabilities", "not_probabilities"),
    (leep, (X + torch.tensor([-0.5, 0.5]), Y), "probabilities", "not_probabilities"),
    (h_score, (FLAT, Y), "features", "constant"),
    (class_conditional_gap, (NAN, Y, X, Y), "source_features", "not_all_finite"),
    (class_conditional_gap, (X, Y, X[:1], Y[:1]), "target_features", "few_samples"),
    (class_conditional_gap, (X, Y, X[:, :1], Y), "target_features", "wrong_shape"),
    (class_conditional_gap, (X, Y[:2], X, Y), "source_labels", "wrong_shape"),
    (class_conditional_gap, (X, Y, X, Y.int()), "target_labels", "wrong_type"),
    (class_conditional_gap, (X, Y, X, Y + 2), "target_labels", "no_common_class"),
    (class_conditional_gap, (FLAT, Y, FLAT + Y[:, None], Y), "source_features", "collapsed"),
    (class_conditional_gap, (X[::2], Y[::2], X[1::2], Y[1::2]), "source_features", "collapsed"),
    (linear_cka, (X, torch.cat([X, X])), "y", "wrong_shape"),
    (linear_cka, (NAN, X), "x", "not_all_finite"),
    (linear_cka, (X, INF), "y", "not_all_finite"),
    (linear_cka, (X[:3], X[:3]), "x", "few_samples"),
    (linear_cka, (X[0], X), "x", "not_a_matrix"),
    (linear_cka, (FLAT, X), "x", "constant"),
    (linear_cka, (X, FLAT), "y", "constant"),
]


@pytest.mark.parametrize(("measure", "arguments", "field", "code"), REFUSED)
def test_broken_input_is_refused_by_name(measure, arguments, field, code):
    with pytest.raises(XferError) as caught:
        measure(*arguments)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert format_error(caught.value).startswith(f"{field} must ")
    assert caught.value.value is not None


@pytest.mark.parametrize("samples", range(3, 30))
def test_what_rounding_makes_of_equal_samples_is_not_taken_for_a_difference(samples):
    flat, labels = torch.full((samples, 2), 0.1, dtype=torch.float64), torch.arange(samples) % 2
    with pytest.raises(XferError, match="features must differ between samples"):
        h_score(flat, labels)
    with pytest.raises(XferError, match="two different samples of one shared class"):
        class_conditional_gap(flat, labels, flat + 1, labels)


def test_the_value_that_was_found_is_told():
    with pytest.raises(XferError, match=r"source must hold finite numbers only; found nan\."):
        mmd(NAN, X)
    with pytest.raises(XferError, match=r"labels must be of shape \(4,\); found \(3,\)\."):
        logme(X, Y[:3])
    with pytest.raises(XferError, match=r"must share a class with the other domain, which has 0, 1; found 2, 3\."):
        class_conditional_gap(X, Y, X, Y + 2)
