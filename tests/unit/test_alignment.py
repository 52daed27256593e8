"""Loss terms that align domains, distil and anchor, against plain numpy loops; then their invariants and gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from xfer_core.objectives.class_confusion import class_confusion
from xfer_core.objectives.coral import coral, covariance
from xfer_core.objectives.discrepancy import classifier_discrepancy
from xfer_core.objectives.distillation import distillation_loss
from xfer_core.objectives.domain_adversarial import domain_adversarial_loss
from xfer_core.objectives.gradient_reversal import reversal_strength, reverse_gradient
from xfer_core.objectives.l2_penalty import l2_penalty, l2_sp_penalty
from xfer_core.objectives.mmd import mk_mmd
from xfer_core.objectives.multilinear import entropy, entropy_weights, multilinear_map, random_multilinear_map
from xfer_core.objectives.precision import to_float32
from xfer_core.objectives.pseudo_labels import pseudo_label_loss

LOSSES = {
    "domain": lambda x, y: domain_adversarial_loss(x[:, 0], y[:, 0]),
    "coral": coral,
    "mmd": mk_mmd,
    "discrepancy": classifier_discrepancy,
    "confusion": lambda x, y: class_confusion(x),
    "distillation": distillation_loss,
    "pseudo": lambda x, y: pseudo_label_loss(x, 0.4),
    "start": lambda x, y: l2_sp_penalty([x], [y]),
    "norm": lambda x, y: l2_penalty([x]),
}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
SET_LOSSES = ("domain", "coral", "mmd")  # they compare two sets, the others samples in pairs or one set


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def pair(random):
    """Two sets of six samples with four numbers each, float64."""
    return torch.tensor(random.normal(size=(6, 4))), torch.tensor(random.normal(size=(6, 4)) * 1.5 + 0.5)


def softmax(logits):
    raised = np.exp(logits - logits.max(1, keepdims=True))
    return raised / raised.sum(1, keepdims=True)


def slope(function, at, step=1e-6):
    """The gradient of a function of an array, by central differences."""
    found = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[place] += step
        down[place] -= step
        found[place] = (function(up) - function(down)) / (2 * step)
    return found


def gradient(loss, at):
    """The gradient that autograd finds, as an array."""
    x = at.detach().clone().requires_grad_(True)
    loss(x).sum().backward()
    assert x.grad is not None
    return x.grad.numpy()


# ---------------------------------------------------------------------- what all of them keep


@every_loss
def test_bfloat16_is_widened_before_anything_is_computed(loss, pair):
    x, y = (part.bfloat16() for part in pair)
    found = loss(x, y)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, loss(x.float(), y.float()), rtol=0, atol=0)
    assert loss(*pair).dtype == torch.float64


@every_loss
def test_a_loss_inside_autocast_is_still_computed_in_float32(loss, pair):
    """As the training loop calls it where the network runs in bfloat16."""
    x, y = (part.float() for part in pair)
    with torch.autocast("cpu", torch.bfloat16):
        found = loss(x, y)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, loss(x, y), rtol=1e-5, atol=1e-6)


@every_loss
def test_the_order_of_samples_does_not_matter(loss, pair, random):
    x, y = pair
    order, other = torch.tensor(random.permutation(6)), torch.tensor(random.permutation(6))
    torch.testing.assert_close(loss(x[order], y[order]).mean(), loss(x, y).mean())
    if loss in [LOSSES[name] for name in SET_LOSSES]:
        torch.testing.assert_close(loss(x[order], y[other]), loss(x, y))


@every_loss
def test_a_loss_and_its_gradient_are_finite_for_large_numbers_and_for_features_that_died(loss, pair):
    dead = (torch.zeros(6, 4), torch.zeros(6, 4))
    far = tuple(1e3 * part.float() for part in pair)
    for x, y in (dead, far, (dead[0], far[1]), (far[0], far[0].clone())):
        assert torch.isfinite(loss(x, y)).all()
        assert np.isfinite(gradient(lambda x, y=y: loss(x, y), x)).all()


def test_widening_keeps_float64_and_changes_no_value():
    x = torch.tensor([1.5, -2.25])
    for given, wanted in (
        (torch.bfloat16, torch.float32),
        (torch.float16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ):
        found = to_float32(x.to(given))
        assert found.dtype == wanted
        assert found.tolist() == x.tolist()


# ---------------------------------------------------------------------- gradient reversal


@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0, 2.5])
def test_reversal_passes_values_on_and_turns_the_gradient_round(strength, random):
    at = torch.tensor(random.normal(size=(3, 4)))
    assert torch.equal(reverse_gradient(at, strength), at)
    found = gradient(lambda x: torch.sin(reverse_gradient(x, strength)) * at, at)
    expected = -strength * slope(lambda x: float((np.sin(x) * at.numpy()).sum()), at.numpy())
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_reversal_keeps_shape_and_type_and_twice_is_forward():
    x = torch.ones(2, 3, 1, dtype=torch.bfloat16, requires_grad=True)
    y = reverse_gradient(x, 0.5)
    assert (y.shape, y.dtype) == (x.shape, x.dtype)
    reverse_gradient(y, 2.0).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == x.tolist()


def test_the_strength_of_reversal_is_a_hyperbolic_tangent_of_progress():
    assert reversal_strength(0) == 0
    for progress in np.linspace(0, 1, 11):
        assert reversal_strength(progress) == pytest.approx(math.tanh(5 * progress), abs=1e-12)
    assert reversal_strength(0.1) == pytest.approx(0.46211716, abs=1e-8)
    assert reversal_strength(1) == pytest.approx(0.99990920, abs=1e-8)


# ---------------------------------------------------------------------- domain loss


def numpy_domain_loss(source, target, source_weights, target_weights):
    halves = 0.0
    for z, w in zip(source, source_weights, strict=True):
        halves -= 0.5 * w * math.log(1 / (1 + math.exp(-z))) / len(source)
    for z, w in zip(target, target_weights, strict=True):
        halves -= 0.5 * w * math.log(1 - 1 / (1 + math.exp(-z))) / len(target)
    return halves


def test_domain_loss_is_the_mean_of_both_halves_however_many_samples_each_has(random):
    s, t = random.normal(size=5) * 3, random.normal(size=9) * 3
    v, w = random.uniform(size=5), random.uniform(size=9)
    plain = domain_adversarial_loss(torch.tensor(s), torch.tensor(t)).item()
    assert plain == pytest.approx(numpy_domain_loss(s, t, np.ones(5), np.ones(9)), rel=1e-12)
    weighted = domain_adversarial_loss(*(torch.tensor(part) for part in (s, t, v, w))).item()
    assert weighted == pytest.approx(numpy_domain_loss(s, t, v, w), rel=1e-12)
    assert domain_adversarial_loss(torch.tensor(s)[:, None], torch.tensor(t)[:, None]).item() == plain
    one_sided = domain_adversarial_loss(torch.tensor(s), torch.tensor(t), torch.tensor(v)).item()
    assert one_sided == pytest.approx(numpy_domain_loss(s, t, v, np.ones(9)), rel=1e-12)


def test_domain_loss_of_knowing_nothing_is_log_two_whatever_weights_of_mean_one(random):
    weights = entropy_weights(torch.tensor(softmax(random.normal(size=(7, 3)) * 4)))
    for given in ((None, None), (weights, None), (weights, weights.flip(0))):
        assert domain_adversarial_loss(torch.zeros(7), torch.zeros(7), *given).item() == pytest.approx(
            math.log(2), rel=1e-6
        )


def test_exchanging_the_domains_and_the_sign_of_the_logit_changes_no_domain_loss(random):
    s, t = torch.tensor(random.normal(size=5)), torch.tensor(random.normal(size=3))
    torch.testing.assert_close(domain_adversarial_loss(s, t), domain_adversarial_loss(-t, -s))


def test_domain_loss_survives_a_discriminator_that_is_sure():
    right, wrong = torch.full((2,), 1e4), torch.full((2,), -1e4)
    assert domain_adversarial_loss(right, wrong).item() == 0
    assert domain_adversarial_loss(wrong, right).item() == 1e4
    assert torch.autograd.gradcheck(
        domain_adversarial_loss, [torch.randn(n, dtype=torch.float64).requires_grad_() for n in (3, 5)]
    )


# ---------------------------------------------------------------------- multilinear maps and certainty


def test_the_multilinear_map_is_the_outer_product_of_each_sample(random):
    f, g = random.normal(size=(5, 4)), softmax(random.normal(size=(5, 3)))
    found = multilinear_map(torch.tensor(f), torch.tensor(g))
    assert found.shape == (5, 12)
    for row, features, answers in zip(found.numpy(), f, g, strict=True):
        np.testing.assert_allclose(row, np.outer(features, answers).ravel(), rtol=1e-12)


def test_the_random_map_is_two_projections_multiplied(random):
    f, g = random.normal(size=(5, 4)), softmax(random.normal(size=(5, 3)))
    first, second = random.normal(size=(4, 6)), random.normal(size=(3, 6))
    found = random_multilinear_map(*(torch.tensor(part) for part in (f, g, first, second))).numpy()
    for b in range(5):
        for e in range(6):
            left = sum(f[b, d] * first[d, e] for d in range(4))
            right = sum(g[b, k] * second[k, e] for k in range(3))
            assert found[b, e] == pytest.approx(left * right / math.sqrt(6), rel=1e-10)


def test_inner_products_of_the_random_map_come_near_those_of_the_full_one(random):
    f, g = torch.tensor(random.normal(size=(6, 4))), torch.tensor(softmax(random.normal(size=(6, 3))))
    full = multilinear_map(f, g)
    errors = []
    for width in (2_000, 200_000):
        first, second = (torch.tensor(random.normal(size=(n, width))) for n in (4, 3))
        mapped = random_multilinear_map(f, g, first, second)
        errors.append(float((mapped @ mapped.T - full @ full.T).abs().max() / (full @ full.T).abs().max()))
    assert errors[1] < 0.03
    assert errors[1] < errors[0] < 0.3, "a hundred times the width is a tenth of the error"


def test_maps_have_the_right_gradients_and_keep_the_features_type(random):
    f, g, first, second = (torch.tensor(random.normal(size=shape)) for shape in ((3, 4), (3, 2), (4, 5), (2, 5)))
    f.requires_grad_(True)
    assert torch.autograd.gradcheck(lambda f: multilinear_map(f, g), f)
    assert torch.autograd.gradcheck(lambda f: random_multilinear_map(f, g, first, second), f)
    half = f.detach().bfloat16()
    assert multilinear_map(half, g).dtype == torch.bfloat16
    assert random_multilinear_map(half, g, first, second).dtype == torch.bfloat16


def numpy_entropy(p):
    return np.array([-sum(q * math.log(q) for q in row if q > 0) for row in p])


def numpy_certainty(p):
    raw = np.array([1 + math.exp(-h) for h in numpy_entropy(p)])
    return raw / raw.mean()


def test_entropy_is_zero_where_certain_and_log_k_where_uniform(random):
    p = softmax(random.normal(size=(8, 5)) * 3)
    np.testing.assert_allclose(entropy(torch.tensor(p)).numpy(), numpy_entropy(p), rtol=1e-12)
    assert entropy(torch.eye(4)).tolist() == [0] * 4
    assert entropy(torch.eye(4, dtype=torch.bfloat16)).dtype == torch.float32
    np.testing.assert_allclose(entropy(torch.full((2, 4), 0.25)).numpy(), math.log(4), rtol=1e-6)


def test_certainty_weights_have_mean_one_and_no_gradient_and_prefer_certain_samples(random):
    p = torch.tensor(softmax(random.normal(size=(9, 5)) * 3), requires_grad=True)
    weights = entropy_weights(p)
    np.testing.assert_allclose(weights.numpy(), numpy_certainty(p.detach().numpy()), rtol=1e-12)
    assert weights.mean().item() == pytest.approx(1, rel=1e-12)
    assert not weights.requires_grad
    by_certainty = weights[entropy(p).argsort()]
    assert (by_certainty.diff() <= 0).all()
    sure, guessing = entropy_weights(torch.tensor([[1.0, 0.0], [0.5, 0.5]])).tolist()
    assert sure / guessing == pytest.approx(2 / 1.5, rel=1e-6)


# ---------------------------------------------------------------------- CORAL


def numpy_coral(source, target):
    d, total = source.shape[1], 0.0
    for i in range(d):
        for j in range(d):
            difference = 0.0
            for sign, x in ((1, source), (-1, target)):
                products = [(row[i] - x[:, i].mean()) * (row[j] - x[:, j].mean()) for row in x]
                difference += sign * sum(products) / (len(x) - 1)
            total += difference**2
    return total / (4 * d**2)


def test_coral_is_the_squared_distance_of_covariances_over_four_d_squared(random):
    s, t = random.normal(size=(7, 5)), random.normal(size=(9, 5)) @ random.normal(size=(5, 5))
    found = coral(torch.tensor(s), torch.tensor(t)).item()
    assert found == pytest.approx(numpy_coral(s, t), rel=1e-10)
    by_numpy = np.sum((np.cov(s.T) - np.cov(t.T)) ** 2) / (4 * 5**2)
    assert found == pytest.approx(by_numpy, rel=1e-10)
    np.testing.assert_allclose(covariance(torch.tensor(s)).numpy(), np.cov(s.T), rtol=1e-10)


@pytest.mark.parametrize("d", [1, 2, 10])
def test_corals_scale_is_that_of_the_paper(d):
    """One feature at ±1 has variance 2, all others stand still: ‖C‖² = 4, so that 1 / d² is left."""
    source, target = torch.zeros(2, d), torch.ones(3, d)
    source[0, 0], source[1, 0] = 1, -1
    assert coral(source, target).item() == pytest.approx(1 / d**2, rel=1e-6)


def test_coral_sees_no_shift_is_symmetric_and_grows_with_the_fourth_power(pair):
    s, t = pair
    value = coral(s, t)
    assert value > 0
    torch.testing.assert_close(coral(s + 3, t - 7), value)
    torch.testing.assert_close(coral(t, s), value)
    torch.testing.assert_close(coral(3 * s, 3 * t), 81 * value)
    assert coral(s, s + 1).item() == pytest.approx(0, abs=1e-20)
    assert torch.autograd.gradcheck(coral, [part.requires_grad_() for part in pair])


# ---------------------------------------------------------------------- MMD


def numpy_mmd(source, target, scale=None):
    both = np.concatenate([source, target])
    if scale is None:
        scale = numpy_scale(both)

    def kernel(x, y):
        return sum(math.exp(-((x - y) ** 2).sum() / (m * scale)) for m in (1 / 4, 1 / 2, 1, 2, 4)) / 5

    def mean(xs, ys):
        return np.mean([[kernel(x, y) for y in ys] for x in xs])

    return mean(source, source) + mean(target, target) - 2 * mean(source, target)


def numpy_scale(both):
    squared = [((x - y) ** 2).sum() for i, x in enumerate(both) for j, y in enumerate(both) if i != j]
    return np.mean(squared)


@pytest.mark.parametrize("sizes", [(5, 5), (4, 9), (1, 1)])
def test_mmd_is_three_means_of_five_kernels(sizes, random):
    s, t = random.normal(size=(sizes[0], 3)), random.normal(size=(sizes[1], 3)) + 1
    assert mk_mmd(torch.tensor(s), torch.tensor(t)).item() == pytest.approx(numpy_mmd(s, t), rel=1e-9)


@pytest.mark.parametrize("distance", [1e-3, 1.0, 50.0])
def test_mmd_of_two_single_points_is_known(distance):
    """Their squared distance is the bandwidth itself, so k = ⅕ Σ e^{−1/m}, however far apart they are."""
    found = mk_mmd(torch.zeros(1, 2), torch.tensor([[distance, 0.0]])).item()
    assert found == pytest.approx(2 - 2 * np.mean([math.exp(-1 / m) for m in (0.25, 0.5, 1, 2, 4)]), rel=1e-5)


def test_mmd_of_a_set_to_itself_is_zero_and_between_sets_it_is_not(random):
    for size in (2, 7, 30):
        x = torch.tensor(random.normal(size=(size, 6)))
        assert mk_mmd(x, x).item() == pytest.approx(0, abs=1e-12)
        assert mk_mmd(x, x[torch.tensor(random.permutation(size))]).item() == pytest.approx(0, abs=1e-12)
        assert mk_mmd(x, x + 1).item() > 1e-3
        for dtype in (torch.float32, torch.float64):
            assert mk_mmd(x.to(dtype), torch.tensor(random.normal(size=(size, 6))).to(dtype)).item() >= 0


@pytest.mark.parametrize("factor", [1e-3, 0.5, 40.0])
def test_mmd_does_not_care_about_the_scale_the_place_or_the_axes_of_features(factor, pair, random):
    """With a bandwidth from plain distances, instead of squared ones, the scale would matter."""
    s, t = pair
    value = mk_mmd(s, t)
    torch.testing.assert_close(mk_mmd(factor * s, factor * t), value)
    torch.testing.assert_close(mk_mmd(s + 5, t + 5), value)
    torch.testing.assert_close(mk_mmd(t, s), value)
    turn = torch.linalg.qr(torch.tensor(random.normal(size=(4, 4)))).Q
    torch.testing.assert_close(mk_mmd(s @ turn, t @ turn), value)


def test_no_gradient_of_mmd_flows_through_the_bandwidth(pair):
    s, t = pair
    scale = numpy_scale(torch.cat(pair).numpy())
    found = gradient(lambda x: mk_mmd(x, t), s)
    np.testing.assert_allclose(found, slope(lambda x: numpy_mmd(x, t.numpy(), scale), s.numpy()), atol=1e-8)
    assert np.abs(found - slope(lambda x: numpy_mmd(x, t.numpy()), s.numpy())).max() > 1e-4


# ---------------------------------------------------------------------- two classifiers


def test_discrepancy_is_the_mean_difference_of_probabilities(pair):
    one, other = (softmax(part.numpy()) for part in pair)
    expected = [sum(abs(p - q) for p, q in zip(a, b, strict=True)) / 4 for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(classifier_discrepancy(*pair).numpy(), expected, rtol=1e-12)
    torch.testing.assert_close(classifier_discrepancy(*pair), classifier_discrepancy(*pair[::-1]))
    assert torch.autograd.gradcheck(classifier_discrepancy, [part.requires_grad_() for part in pair])


@pytest.mark.parametrize("classes", [2, 5, 10])
def test_discrepancy_lies_between_zero_and_two_over_k(classes, random):
    one, other = (torch.tensor(random.normal(size=(50, classes)) * 9) for _ in range(2))
    found = classifier_discrepancy(one, other)
    assert found.shape == (50,)
    assert (found >= 0).all()
    assert (found <= 2 / classes).all()
    assert classifier_discrepancy(one, one + 3).max().item() == pytest.approx(0, abs=1e-14)
    opposite = 1e4 * torch.eye(classes)
    np.testing.assert_allclose(classifier_discrepancy(opposite, opposite.roll(1, 0)).numpy(), 2 / classes, rtol=1e-6)


# ---------------------------------------------------------------------- class confusion


def numpy_confusion(logits, temperature=2.5, weights=None):
    p = softmax(logits / temperature)
    weights = numpy_certainty(p) if weights is None else weights
    classes, total = p.shape[1], 0.0
    for j in range(classes):
        row = [sum(w * q[j] * q[k] for w, q in zip(weights, p, strict=True)) for k in range(classes)]
        total += sum(entry for k, entry in enumerate(row) if k != j) / sum(row)
    return total / classes


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5, 10.0])
def test_class_confusion_is_what_lies_beside_the_diagonal(temperature, random):
    logits = random.normal(size=(8, 5)) * 4
    found = class_confusion(torch.tensor(logits), temperature).item()
    assert found == pytest.approx(numpy_confusion(logits, temperature), rel=1e-9)
    assert 0 < found < 1


@pytest.mark.parametrize("rows", [[0, 1, 2, 3], [0, 0, 2], [1]], ids=["all classes", "two of four", "one of four"])
def test_certain_answers_are_not_confused(rows):
    """Also in a batch without some of the classes, as small batches are."""
    logits = 1e4 * torch.eye(4)[rows]
    assert class_confusion(logits).item() == pytest.approx(0, abs=1e-6)
    assert np.isfinite(gradient(class_confusion, logits)).all()


def test_confusion_vanishes_as_answers_grow_certain():
    values = [class_confusion(size * torch.eye(4)).item() for size in (0.0, 1.0, 5.0, 20.0, 60.0)]
    assert values == sorted(values, reverse=True)
    assert values[-1] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("classes", [2, 4, 10])
def test_guessing_confuses_all_but_one_kth(classes):
    assert class_confusion(torch.zeros(6, classes)).item() == pytest.approx(1 - 1 / classes, rel=1e-6)


def test_neither_the_order_of_classes_nor_a_constant_matters_to_confusion(random):
    logits = torch.tensor(random.normal(size=(7, 5)) * 3)
    order = torch.tensor(random.permutation(5))
    torch.testing.assert_close(class_confusion(logits[:, order]), class_confusion(logits))
    torch.testing.assert_close(class_confusion(logits + 9), class_confusion(logits))


def test_no_gradient_of_confusion_flows_through_the_weights(random):
    logits = random.normal(size=(5, 4)) * 3
    weights = numpy_certainty(softmax(logits / 2.5))
    found = gradient(class_confusion, torch.tensor(logits))
    np.testing.assert_allclose(found, slope(lambda x: numpy_confusion(x, weights=weights), logits), atol=1e-8)
    assert np.abs(found - slope(numpy_confusion, logits)).max() > 1e-4


# ---------------------------------------------------------------------- distillation


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 20.0])
def test_distillation_is_a_divergence_at_a_temperature(temperature, pair):
    student, teacher = pair
    p, q = (softmax(part.numpy() / temperature) for part in (teacher, student))
    expected = [
        temperature**2 * sum(a * math.log(a / b) for a, b in zip(wanted, given, strict=True))
        for wanted, given in zip(p, q, strict=True)
    ]
    found = distillation_loss(student, teacher, temperature)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9)
    assert (found > 0).all()
    torch.testing.assert_close(distillation_loss(student + 4, teacher - 2, temperature), found)
    student.requires_grad_(True)
    assert torch.autograd.gradcheck(lambda z: distillation_loss(z, teacher, temperature), student)


@pytest.mark.parametrize("temperature", [1.0, 2.0, 7.0])
def test_a_student_that_agrees_learns_nothing_more(temperature, pair):
    logits = pair[0]
    assert distillation_loss(logits, logits.clone(), temperature).abs().max().item() == 0
    found = gradient(lambda z: distillation_loss(z, logits, temperature), logits)
    np.testing.assert_allclose(found, 0, atol=1e-14)


def test_the_squared_temperature_keeps_the_gradients_size(pair):
    """As T grows it comes to (z − v) / K, both without their mean over classes: equation 4 of the paper."""
    student, teacher = pair
    difference = student - student.mean(1, keepdim=True) - (teacher - teacher.mean(1, keepdim=True))
    limit = difference.numpy() / 4
    for temperature, tolerance in ((10.0, 0.2), (100.0, 0.02), (1e4, 2e-4)):
        found = gradient(lambda z, t=temperature: distillation_loss(z, teacher, t), student)
        assert np.abs(found - limit).max() < tolerance * np.abs(limit).max()


def test_no_gradient_reaches_the_teacher(pair):
    student, teacher = (part.requires_grad_(True) for part in pair)
    distillation_loss(student, teacher).sum().backward()
    assert student.grad is not None
    assert teacher.grad is None


# ---------------------------------------------------------------------- pseudo-labels


@pytest.mark.parametrize("threshold", [0.0, 0.4, 0.7, 0.99, 1.0])
def test_pseudo_labels_count_certain_answers_over_the_whole_batch(threshold, random):
    logits = random.normal(size=(20, 3)) * 2
    total = sum(-math.log(row.max()) for row in softmax(logits) if row.max() >= threshold)
    found = pseudo_label_loss(torch.tensor(logits), threshold).item()
    assert found == pytest.approx(total / 20, rel=1e-10, abs=1e-15)


def test_below_the_threshold_there_is_neither_loss_nor_gradient(random):
    logits = torch.tensor(random.normal(size=(8, 4)))
    sure = torch.softmax(logits, 1).max().item()
    assert pseudo_label_loss(logits, sure + 1e-9).item() == 0
    assert not gradient(lambda z: pseudo_label_loss(z, sure + 1e-9), logits).any()
    assert pseudo_label_loss(logits, sure).item() > 0, "the threshold itself is reached"


def test_at_threshold_zero_it_is_the_cross_entropy_of_the_likeliest_class(random):
    logits = torch.tensor(random.normal(size=(8, 4)), requires_grad=True)
    expected = torch.nn.functional.cross_entropy(logits, logits.argmax(1))
    torch.testing.assert_close(pseudo_label_loss(logits, 0), expected)
    assert torch.autograd.gradcheck(lambda z: pseudo_label_loss(z, 0.5), logits)
    found = gradient(lambda z: pseudo_label_loss(z, 0), logits)
    p = softmax(logits.detach().numpy())
    np.testing.assert_allclose(found, (p - np.eye(4)[p.argmax(1)]) / 8, rtol=1e-10)


# ---------------------------------------------------------------------- the starting point


def test_the_distance_from_the_start_pulls_straight_back(random):
    weights = [torch.tensor(random.normal(size=shape), requires_grad=True) for shape in ((3, 2), (4,), (1, 2, 2))]
    start = [torch.tensor(random.normal(size=tuple(w.shape))) for w in weights]
    found = l2_sp_penalty(weights, start)
    expected = sum(((w.detach() - w0).numpy() ** 2).sum() for w, w0 in zip(weights, start, strict=True)) / 2
    assert found.item() == pytest.approx(expected, rel=1e-12)
    found.backward()
    for w, w0 in zip(weights, start, strict=True):
        torch.testing.assert_close(w.grad, w.detach() - w0)
    assert l2_sp_penalty(start, start).item() == 0
    nowhere = [torch.zeros_like(w) for w in weights]
    torch.testing.assert_close(l2_penalty(weights), l2_sp_penalty(weights, nowhere))


def test_the_start_must_be_as_long_as_the_weights():
    with pytest.raises(ValueError, match="zip"):
        l2_sp_penalty([torch.ones(1), torch.ones(1)], [torch.ones(1)])
