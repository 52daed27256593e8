"""Domain generalisation: penalties against numpy and autograd, weights by hand, and runs that never see a domain."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, permutations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.optimize import minimize_scalar
from scipy.stats import beta

import xfer_core.strategies.generalised.mixup as mixup_module
from tests.support.training import (
    SOURCE,
    TARGET,
    At,
    Recorder,
    attempts,
    differing,
    settings,
    trained,
    trainer,
    weights_of,
)
from xfer_core.domains import load_domain
from xfer_core.errors import XferError, format_error
from xfer_core.networks import ArticleNet
from xfer_core.objectives.irm import irm_penalty
from xfer_core.objectives.risk_variance import risk_variance
from xfer_core.problems.problem import Problem
from xfer_core.strategies import Batch, Phase, StepContext
from xfer_core.strategies.baselines.source_only import SourceOnly
from xfer_core.strategies.generalised.base import DomainGeneralisation
from xfer_core.strategies.generalised.coral_all_pairs import CORALAllPairs
from xfer_core.strategies.generalised.erm import ERM
from xfer_core.strategies.generalised.generalised import Generalised
from xfer_core.strategies.generalised.group_dro import GroupDRO, group_weights
from xfer_core.strategies.generalised.irm import IRM
from xfer_core.strategies.generalised.mixup import Mixup, beta_quantile, interpolate
from xfer_core.strategies.generalised.vrex import VREx
from xfer_core.training import Command

METHODS: tuple[type[DomainGeneralisation], ...] = (ERM, GroupDRO, IRM, VREx, Mixup, CORALAllPairs)
ANNEALED = (IRM, VREx)
INVERTED, NOISY = "digits.inverted", "digits.noisy"
THREE = Problem(source=(SOURCE, INVERTED))  # and the target's few labels
MIXED = Problem(source=(SOURCE, INVERTED), tasks=("digit", "tilt"))
UNSEEN = Problem(source=(SOURCE, INVERTED), labels_per_class=0, unseen=(NOISY,))


def kind(method):
    return method.kind_name()


every_method = pytest.mark.parametrize("method", METHODS, ids=kind)
every_annealed = pytest.mark.parametrize("method", ANNEALED, ids=kind)


@pytest.fixture
def random():
    return np.random.default_rng(0)


def batches_of(run, size=6):
    """A batch of each domain whose labels are learned, as the loop draws them."""
    return {key: Batch(*run.samplers[key].next_batch(size)) for key in run.phases[0].domains}


def means(terms):
    return {name: term.mean().item() for name, term in terms.items()}


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(1, keepdims=True))


def numpy_risk(outputs, labels):
    """The mean loss of a task, from plain arrays: cross-entropy, or the squared error of numbers."""
    if labels.dtype.kind == "f":
        return ((outputs[:, 0] - labels) ** 2).mean()
    return -log_softmax(outputs)[np.arange(len(labels)), labels].mean()


def numpy_penalty(outputs, labels, step=1e-5):
    up, down = (numpy_risk(w * outputs, labels) for w in (1 + step, 1 - step))
    return ((up - down) / (2 * step)) ** 2


# ---------------------------------------------------------------------- the penalties

DRAWN, LABELS = np.random.default_rng(1).normal(size=(9, 4)), torch.tensor([0, 1, 2, 3, 0, 1, 2, 2, 2])
CLASSES = torch.tensor(DRAWN) + F.one_hot(LABELS)  # better than guessing, and now and then wrong
NUMBERS, VALUES = torch.tensor(DRAWN[:, :1] + 2), torch.linspace(-1, 6, 9, dtype=torch.float64)
of_both_kinds = pytest.mark.parametrize(("z", "labels"), [(CLASSES, LABELS), (NUMBERS, VALUES)], ids=["K", "numbers"])


@of_both_kinds
def test_the_penalty_is_the_squared_slope_of_a_dummy_scale(z, labels):
    z, w = z.clone().requires_grad_(), torch.ones((), dtype=torch.float64, requires_grad=True)
    loss = F.mse_loss(w * z[:, 0], labels) if labels.is_floating_point() else F.cross_entropy(w * z, labels)
    expected = torch.autograd.grad(loss, w, create_graph=True)[0] ** 2
    found = irm_penalty(z, labels)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(*(torch.autograd.grad(value, z)[0] for value in (found, expected)))
    assert found.item() == pytest.approx(numpy_penalty(z.detach().numpy(), labels.numpy()), rel=1e-6)
    assert torch.autograd.gradcheck(lambda z: irm_penalty(z, labels), z)


@of_both_kinds
def test_the_penalty_is_zero_exactly_where_no_scale_is_better(z, labels):
    best = minimize_scalar(lambda w: numpy_risk(w * z.numpy(), labels.numpy())).x
    assert irm_penalty(best * z, labels).item() < 1e-12
    assert min(irm_penalty(scale * best * z, labels).item() for scale in (0.5, 1.5)) > 1e-3
    assert irm_penalty(0 * z, labels).item() == 0, "what says nothing says as little when scaled"
    right = labels[:, None] if labels.is_floating_point() else 1e4 * F.one_hot(labels).double()
    assert irm_penalty(right, labels).item() == 0


@of_both_kinds
def test_bfloat16_is_widened_before_the_penalty_is_computed(z, labels):
    z, labels = z.bfloat16(), labels.float() if labels.is_floating_point() else labels
    assert irm_penalty(z, labels).dtype == torch.float32
    assert torch.equal(irm_penalty(z, labels), irm_penalty(z.float(), labels))


@pytest.mark.parametrize("domains", [2, 3, 4])
def test_the_variance_of_risks_is_numpys_and_forgets_the_order(domains, random):
    risks = random.uniform(0, 5, domains)
    for order in permutations(risks):
        assert risk_variance([torch.tensor(risk) for risk in order]).item() == pytest.approx(np.var(risks), rel=1e-12)
    given = [torch.tensor(risk, requires_grad=True) for risk in risks]
    assert torch.autograd.gradcheck(lambda *risks: risk_variance(risks), given)
    assert risk_variance([torch.tensor(0.7)] * domains).item() == 0


# ---------------------------------------------------------------------- the weights of GroupDRO


def test_group_weights_are_those_of_numpy(random):
    q, risks = random.dirichlet(np.ones(4)), random.uniform(0, 5, 4)
    raised = q * np.exp(0.3 * risks)
    found = group_weights(torch.tensor(q), torch.tensor(risks), 0.3)
    np.testing.assert_allclose(found.numpy(), raised / raised.sum(), rtol=1e-12)
    order = [2, 0, 3, 1]
    torch.testing.assert_close(group_weights(torch.tensor(q[order]), torch.tensor(risks[order]), 0.3), found[order])


@pytest.mark.parametrize("eta", [1e-3, 0.1, 10.0])
def test_group_weights_stay_on_the_simplex_however_many_steps(eta, random):
    q = torch.full((3,), 1 / 3)
    for risks in random.exponential(5, (2000, 3)):
        q = group_weights(q, torch.tensor(risks, dtype=torch.float32), eta)
        assert (q >= 0).all()
        assert q.sum().item() == pytest.approx(1, abs=1e-5)


def test_weight_moves_to_the_worst_domain_and_back_when_another_becomes_worse():
    q = torch.full((3,), 1 / 3)
    for _ in range(300):
        before, q = q, group_weights(q, torch.tensor([1.0, 2.0, 1.5]), 1.0)
        assert q[1] >= before[1]
    assert q[1] > 0.999
    for _ in range(100):
        q = group_weights(q, torch.tensor([3.0, 2.0, 1.0]), 1.0)
    assert q[0] > 0.999, "a domain may come back from next to nothing"


def test_a_tiny_eta_or_equal_risks_keep_the_weights():
    q = torch.tensor([0.2, 0.5, 0.3])
    torch.testing.assert_close(group_weights(q, torch.tensor([1.0, 9.0, 3.0]), 1e-9), q)
    torch.testing.assert_close(group_weights(q, torch.full((3,), 4.0), 10.0), q)


def test_a_run_logs_q_and_lowers_q_times_the_losses():
    told, eta = Recorder(), 0.5
    run = trainer(GroupDRO(eta=eta), problem=THREE, training=settings(5), callback=told)
    run.run()
    expected = np.full(3, 1 / 3)
    for step in range(1, 6):
        losses = np.array([told.values(f"loss/{key}")[step] for key in run.live_settings.lambdas])
        expected = expected * np.exp(eta * losses) / (expected * np.exp(eta * losses)).sum()
        found = [told.values(f"lambda/{key}")[step] for key in run.live_settings.lambdas]
        np.testing.assert_allclose(found, expected, rtol=1e-4)
        assert told.values("loss/total")[step] == pytest.approx(found @ losses, rel=1e-5)
    assert run.context.state["q"].sum().item() == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(run.context.state["q"].numpy(), found, rtol=1e-6)
    assert max(found) - min(found) > 0.01, "were they all the same, this would show nothing"


# ---------------------------------------------------------------------- the anneal


@every_annealed
@pytest.mark.parametrize(
    ("weight", "early", "late"),
    [(100.0, (1, 1), (1, 0.01)), (1.0, (1, 1), (1, 1)), (0.25, (0.25, 1), (0.25, 1)), (0.0, (0, 1), (0, 1))],
)
def test_before_the_anneal_a_penalty_counts_one_at_most_and_then_all_is_divided(method, weight, early, late):
    """(λ of the penalty, factor on every domain), worked by hand."""
    form = method(weight=weight, anneal=0.5)
    losses = {"a": torch.tensor(2.0), "b": torch.tensor(3.0), "penalty": torch.tensor(4.0)}
    one, lambdas = torch.tensor(1.0), form.method_weights()
    for name, (penalty, domains) in (("anneal", early), ("penalty", late)):
        factors = form.loss_weights(losses, StepContext(None, Phase(name, ("a", "b")), 0.5, {}, lambdas=lambdas))
        assert lambdas["penalty"] * factors["penalty"].item() == pytest.approx(penalty)
        for name in ("a", "b"):
            assert factors.get(name, one).item() == pytest.approx(domains)


def test_a_run_logs_what_the_anneal_makes_of_each_weight(every_step):
    """The λ that counts is the one that a person turned it to."""
    told = At({3: [Command("set", "lambda/penalty", 40.0)]})
    trainer(VREx(weight=10, anneal=0.5), problem=THREE, training=settings(4), callback=told).run()
    penalty, domain = (told.values(f"lambda/{name}") for name in ("penalty", SOURCE))
    assert {step: penalty[step] for step in (1, 2, 3, 4)} == pytest.approx(dict.fromkeys((1, 2, 3, 4), 1))
    assert {step: domain[step] * 3 for step in (1, 2, 3, 4)} == pytest.approx({1: 1, 2: 1, 3: 1 / 10, 4: 1 / 40})


@every_annealed
@pytest.mark.parametrize(
    ("weight", "anneal", "phases"),
    [
        (100.0, 0.5, {"anneal": 0.5, "penalty": 0.5}),
        (1.01, 0.2, {"anneal": 0.2, "penalty": 0.8}),
        (1.0, 0.5, {"penalty": 1.0}),  # at most 1 before and after: nothing to wait for
        (100.0, 0.0, {"penalty": 1.0}),
        (100.0, 1.0, {"anneal": 1.0}),
    ],
)
def test_the_penalty_has_a_phase_of_its_own(method, weight, anneal, phases):
    run = trainer(method(weight=weight, anneal=anneal), problem=THREE)
    assert {phase.name: phase.share for phase in run.phases} == pytest.approx(phases)


@every_annealed
def test_the_optimiser_starts_anew_when_the_loss_is_divided(method, every_step):
    """Adam scales a step by the root of the mean squared gradients. With those of before the loss was divided by 10,000
    the next steps would be ten thousand times too small."""
    run = trainer(method(weight=1e4, anneal=0.5), problem=THREE, training=settings(40, schedule="constant"))
    before, moved = {}, {}

    def step():
        before.update(weights_of(run))
        type(run)._train_step(run)
        moved[run.step] = max((value - before[name]).abs().max() for name, value in weights_of(run).items()
                              if name.endswith("conv.weight")).item()  # fmt: skip

    run._train_step = step
    run.run()
    assert run.ends == [20, 40]
    assert moved[21] == pytest.approx(moved[1], rel=0.01), "the first step of an Adam is the learning rate"
    assert min(moved[step] for step in range(21, 41)) > 0.1 * moved[1]


# ---------------------------------------------------------------------- mixup


@pytest.mark.parametrize("alpha", [0.1, 0.2, 1.0, 5.0])
def test_uniform_numbers_become_beta_numbers(alpha):
    uniform = (torch.arange(20_000) + 0.5) / 20_000
    found = beta_quantile(uniform, alpha).numpy()
    np.testing.assert_allclose(found, beta.ppf(uniform.double().numpy(), alpha, alpha), atol=1e-8)
    assert found.mean() == pytest.approx(0.5, abs=1e-4)
    assert found.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=1e-3)
    drawn = torch.rand(20_000, generator=torch.Generator().manual_seed(0))
    assert beta_quantile(drawn, alpha).var().item() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.03)


@pytest.mark.parametrize(("share", "expected"), [(1.0, 4.0), (0.0, 8.0), (0.75, 5.0)])
def test_a_blend_lies_between_two_images_and_keeps_its_own_labels(share, expected):
    one, other = (Batch(torch.full((2, 1, 2, 2), value), {"t": torch.tensor([int(value)])}) for value in (4.0, 8.0))
    found = interpolate(one, other, share)
    assert found.inputs.unique().tolist() == [expected]
    assert found.labels is one.labels


@pytest.mark.parametrize("problem", [THREE, MIXED], ids=["one task", "two tasks"])
def test_blends_that_are_all_of_one_domain_give_the_terms_of_erm(problem, monkeypatch):
    run = trainer(Mixup(), problem=problem)
    batches = batches_of(run)
    plain = ERM().terms(batches, run.context)
    assert differing(Mixup().terms(batches, run.context), plain) == set(plain)
    monkeypatch.setattr(mixup_module, "beta_quantile", lambda uniform, alpha: torch.ones(len(uniform)))
    assert not differing(Mixup().terms(batches, run.context), plain)


@pytest.mark.parametrize("others", [0, 1, 2])
def test_every_domain_is_blended_with_another_and_labels_as_images_are(others, monkeypatch):
    """Over many steps every other domain comes up; in each, every domain is once the one and once the other."""
    problem = Problem(source=(SOURCE, *(INVERTED, NOISY)[:others]))
    run = trainer(Mixup(alpha=1), ArticleNet(), problem=problem)
    batches, seen, partners = batches_of(run, 2), [], Counter()
    key_of = {id(batch): key for key, batch in batches.items()}
    monkeypatch.setattr(mixup_module, "interpolate", lambda *given: seen.append(given) or interpolate(*given))
    for _ in range(60):
        seen.clear()
        terms = Mixup(alpha=1).terms(batches, run.context)
        pairs = [(key_of[id(one)], key_of[id(other)]) for one, other, _ in seen]
        assert [one for one, _ in pairs] == list(batches)
        assert sorted(other for _, other in pairs) == sorted(batches)
        partners.update(pairs)
    assert set(partners) == set(permutations(batches, 2))
    for one, other, share in seen:
        with torch.no_grad():
            outputs = run.network(share * one.inputs + (1 - share) * other.inputs)["digit"].double().numpy()
        own, strange = (numpy_risk(outputs, batch.labels["digit"].numpy()) for batch in (one, other))
        expected = share * own + (1 - share) * strange
        assert terms[key_of[id(one)]].mean().item() == pytest.approx(expected, rel=1e-4)
    assert len({share for *_, share in seen}) == len(batches), "every pair draws a share of its own"


# ---------------------------------------------------------------------- terms of a step


@pytest.mark.parametrize("problem", [THREE, MIXED], ids=["one task", "two tasks"])
def test_terms_are_those_of_numpy(problem):
    run = trainer(ERM(), ArticleNet(), problem=problem)
    batches = batches_of(run)
    features, risks, penalties = [], {}, []
    for key, batch in batches.items():
        with torch.no_grad():
            features.append(run.network.features(batch.inputs).double().numpy())
            answers = {task: y.double().numpy() for task, y in run.network(batch.inputs).items()}
        truth = {task: labels.numpy() for task, labels in batch.labels.items()}
        risks[key] = sum(numpy_risk(answers[task], truth[task]) for task in answers)
        penalties.append(sum(numpy_penalty(answers[task], truth[task]) for task in answers))
    assert len(risks) == 3
    covariances = [np.cov(part.T) for part in features]
    distances = [((a - b) ** 2).sum() / (4 * 512**2) for a, b in combinations(covariances, 2)]
    expected = {
        ERM: {},
        GroupDRO: {},
        IRM: {"penalty": np.mean(penalties)},
        VREx: {"penalty": np.var(list(risks.values()))},
        CORALAllPairs: {"distance": np.mean(distances)},
    }
    for method, own in expected.items():
        assert means(method().terms(batches, run.context)) == pytest.approx({**risks, **own}, rel=1e-3), method
        assert method().lambdas(problem).keys() == {**risks, **own}.keys()


@pytest.mark.parametrize("method", [m for m in METHODS if m is not Mixup], ids=kind)
def test_the_order_of_domains_does_not_change_a_term(method):
    run = trainer(method(), ArticleNet(), problem=MIXED)
    batches = batches_of(run)
    first = means(method().terms(batches, run.context))
    for keys in permutations(batches):
        assert means(method().terms({key: batches[key] for key in keys}, run.context)) == pytest.approx(first, rel=1e-4)


# ---------------------------------------------------------------------- runs


@pytest.mark.parametrize(
    "problem",
    [THREE, Problem(source=(SOURCE, INVERTED, NOISY), labels_per_class=2), MIXED],
    ids=["three domains", "four domains", "two tasks"],
)
def test_generalised_learning_with_equal_weights_is_erm_to_the_last_bit(problem):
    training = settings(6, schedule="cosine")
    erm, generalised = (trained(form, problem=problem, training=training) for form in (ERM(), Generalised()))
    assert not differing(erm, generalised)
    uneven = Generalised(weights={SOURCE: 0.5, INVERTED: 0.25, TARGET: 0.25})
    assert differing(erm, trained(uneven, problem=problem, training=training)), "the weights make a difference"


@every_method
def test_an_unseen_domain_is_tested_on_and_never_drawn_from(method, monkeypatch):
    drawn, original = [], method.terms

    def spy(self, batches, context):
        drawn.append(batches)
        return original(self, batches, context)

    monkeypatch.setattr(method, "terms", spy)
    run = trainer(method(), problem=UNSEEN, training=settings(3, batch_size=16, augment=()))
    result = run.run()
    assert [list(batches) for batches in drawn] == [[SOURCE, INVERTED]] * 3
    assert run.data.training.keys() == {SOURCE, INVERTED, TARGET}
    assert run.samplers.keys() == {SOURCE, INVERTED}
    assert {f"accuracy/{key}/digit/test" for key in (SOURCE, INVERTED, TARGET, NOISY)} == set(result.metrics)
    noisy = {image.numpy().tobytes() for image in load_domain(NOISY).inputs}
    images = [image for batches in drawn for batch in batches.values() for image in batch.inputs]
    pixels = [(image * 255).round().to(torch.uint8).contiguous().numpy().tobytes() for image in images]
    assert len(set(pixels)) == 3 * 2 * 16
    assert not noisy & set(pixels)


@pytest.mark.parametrize("method", [GroupDRO, Mixup, VREx], ids=kind)
def test_a_paused_run_ends_with_the_same_bits(method, tmp_path, every_step):
    """GroupDRO remembers its weights, mixup draws from the run's generator, the anneal lies between two pauses."""
    form, training = (method(anneal=0.5) if method is VREx else method()), settings(6)
    run, *_ = attempts(form, training, tmp_path / "c.pt", (0, 2, 5), problem=THREE)
    assert not differing(weights_of(run), trained(form, problem=THREE, training=training))


# ---------------------------------------------------------------------- refused


@every_method
def test_one_domain_with_labels_is_refused_with_the_nearest_method(method):
    problem = Problem(labels_per_class=0)
    with pytest.raises(XferError) as caught:
        method().check(problem)
    assert (caught.value.code, caught.value.field) == ("one_domain", "problem.source")
    rule = f"must name at least two domains with labels for {kind(method)}"
    assert format_error(caught.value) == f"problem.source {rule}; found {SOURCE}."
    assert caught.value.candidates == ({"strategy.kind": "source_only"},)
    SourceOnly().check(problem)
    method().check(Problem(labels_per_class=1))
    method().check(UNSEEN)


@every_method
def test_no_source_is_refused_however_many_targets_have_labels(method):
    with pytest.raises(XferError) as caught:
        method().check(Problem(source=(), target=(TARGET, NOISY)))
    assert (caught.value.code, caught.value.field) == ("no_source", "problem.source")
    assert (
        format_error(caught.value)
        == f"problem.source needs at least one source domain for {kind(method)}; found nothing."
    )
