"""Joint balancers: their formulas worked by hand, by numpy and by scipy; then what a step does with them, and a run."""

from __future__ import annotations

import math
from itertools import combinations, permutations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize, nnls

from tests.support.training import (
    SOURCE,
    TARGET,
    At,
    Recorder,
    attempts,
    differing,
    interrupt_at,
    settings,
    trained,
    trainer,
    weights_of,
)
from xfer_core.errors import XferError
from xfer_core.problems.problem import Problem
from xfer_core.strategies import Batch, StepContext
from xfer_core.strategies.joint.cagrad import CAGrad
from xfer_core.strategies.joint.dwa import DWA, dwa_weights
from xfer_core.strategies.joint.gradnorm import GradNorm, gradnorm_step
from xfer_core.strategies.joint.imtl_g import IMTLG
from xfer_core.strategies.joint.joint import Joint
from xfer_core.strategies.joint.mgda import MGDA
from xfer_core.strategies.joint.pcgrad import PCGrad
from xfer_core.strategies.joint.uncertainty_weighting import LogVariances, UncertaintyWeighting
from xfer_core.strategies.joint.upgrad import UPGrad
from xfer_core.training.gradients import backward, cosines, jacobian

STEERING = (PCGrad, MGDA, CAGrad, UPGrad, IMTLG)
BALANCERS = (UncertaintyWeighting, GradNorm, DWA, *STEERING)
PAIR = Problem(source=(), tasks=("digit", "parity"))  # two terms, each with a head of its own
FOUR = Problem(tasks=("digit", "parity"))
S, A, B = f"{SOURCE}/digit", f"{TARGET}/digit", f"{TARGET}/parity"


def kind(strategy):
    return strategy.kind_name()


every_balancer = pytest.mark.parametrize("strategy", BALANCERS, ids=kind)
every_steering = pytest.mark.parametrize("strategy", STEERING, ids=kind)
joint_and_every_balancer = pytest.mark.parametrize("strategy", [Joint, *BALANCERS], ids=kind)


@pytest.fixture
def random():
    return np.random.default_rng(0)


def told_of(**more):
    """What a balancer knows of a step, without network and data."""
    return StepContext(None, None, 0.0, {}, **more)


def weigh(strategy, g):
    """The weights of some gradients, one a row."""
    return strategy.balanced_weights(torch.tensor(g @ g.T), told_of()).numpy()


def tensors(values):
    return {f"t{i}": torch.tensor(float(value)) for i, value in enumerate(values)}


def numbers(weights):
    return [float(value) for value in weights.values()]


# ---------------------------------------------------------------------- balancers of losses


@pytest.mark.parametrize("temperature", [0.1, 2.0, 50.0])
def test_dwa_is_a_softmax_of_how_losses_fall(temperature, random):
    last, before = random.uniform(0.1, 5, size=(2, 4))
    raised = np.exp(last / before / temperature)
    found = numbers(dwa_weights(tensors(last), tensors(before), temperature))
    np.testing.assert_allclose(found, 4 * raised / raised.sum(), rtol=1e-5)
    assert sum(found) == pytest.approx(4, rel=1e-6)


def test_dwa_looks_at_the_last_two_whole_windows(random):
    losses, dwa = random.uniform(0.1, 5, size=(12, 2)), DWA(window=3)
    context = told_of(state=dwa.state(None))
    found = [numbers(dwa.loss_weights(tensors(row), context)) for row in losses]
    assert found[:6] == [[1, 1]] * 6
    means = losses.reshape(4, 3, 2).mean(1)
    for t in (2, 3):
        expected = numbers(dwa_weights(tensors(means[t - 1]), tensors(means[t - 2]), 2.0))
        np.testing.assert_allclose(found[3 * t : 3 * t + 3], [expected] * 3, rtol=1e-5)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.5])
def test_a_step_of_gradnorm_descends_its_loss(alpha, random):
    w, n, ratios = random.uniform(0.2, 3, size=(3, 4))
    mean = (w * n).mean()
    wanted = mean * (ratios / ratios.mean()) ** alpha  # held fixed

    def loss(log_w):
        return np.abs(np.exp(log_w) * n - wanted).sum()

    slope = [(loss(np.log(w) + e) - loss(np.log(w) - e)) / 2e-6 for e in 1e-6 * np.eye(4)]
    expected = w * np.exp(-0.1 * np.array(slope) / mean)
    found = gradnorm_step(*map(torch.tensor, (w, n, ratios)), alpha, 0.1).numpy()
    np.testing.assert_allclose(found, 4 * expected / expected.sum(), rtol=1e-6)


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_gradnorm_makes_all_tasks_pull_equally_hard_whatever_their_unit(unit):
    weights, norms, ratios = torch.ones(3), torch.tensor([1.0, 10.0, 0.3]) * unit, torch.full((3,), 0.7)
    for _ in range(3000):
        weights = gradnorm_step(weights, norms, ratios, 1.5, 0.005)
        assert (weights > 0).all()
    assert weights.sum().item() == pytest.approx(3, rel=1e-5)
    strength = weights * norms
    np.testing.assert_allclose((strength / strength.mean()).numpy(), 1, atol=0.02)


def test_gradnorm_remembers_the_first_losses_and_uses_a_step_only_in_the_next():
    gradnorm, losses = GradNorm(rate=0.1), torch.tensor([[2.0, 4.0], [1.0, 3.0], [0.5, 1.0]])
    context = told_of(state=gradnorm.state(None), gramian=torch.tensor([[4.0, -1.0], [-1.0, 9.0]]))
    expected, norms = torch.ones(2), torch.tensor([2.0, 3.0])
    for row in losses:
        np.testing.assert_allclose(numbers(gradnorm.loss_weights(tensors(row), context)), expected.numpy(), rtol=1e-6)
        expected = gradnorm_step(expected, norms, row / losses[0], 1.5, 0.1)


def test_the_gradient_of_a_tasks_doubt_is_known():
    """∂ Σ (c e^{−s} L + s / 2) / ∂s = −c e^{−s} L + ½; c is 1 for classes and ½ for numbers."""
    run = trainer(UncertaintyWeighting(), problem=Problem(source=(), tasks=("digit", "tilt")))
    s = run.modules["uncertainty"].s
    s.data.copy_(torch.tensor([0.7, -1.2]))
    terms, _ = stepped(run)
    losses = np.array([terms[A].item(), terms[f"{TARGET}/tilt"].item()])
    np.testing.assert_allclose(s.grad.numpy(), 0.5 - np.array([1, 0.5]) * np.exp([-0.7, 1.2]) * losses, rtol=1e-5)
    assert terms["uncertainty"].item() == pytest.approx((0.7 - 1.2) / 2, rel=1e-6)


def test_doubt_settles_where_all_terms_count_alike():
    context = told_of(state={"factors": {"t0": 1.0, "t1": 0.5, "t2": 1.0}})
    context.modules["uncertainty"] = LogVariances(3)
    s, losses = context.modules["uncertainty"].s, tensors([4.0, 0.05, 1.0])
    for _ in range(300):
        factors = UncertaintyWeighting().loss_weights(losses, context)
        (slope,) = torch.autograd.grad(sum(factors[name] * losses[name] for name in losses) + s.sum() / 2, s)
        s.data -= 0.5 * slope
    np.testing.assert_allclose(torch.exp(-s.detach()).numpy(), [1 / 8, 1 / 0.05, 1 / 2], rtol=1e-4)  # 1 / (2 c L)


# ---------------------------------------------------------------------- balancers of gradients

CONFLICT = np.array([[1.0, 0.0], [-1.0, 1.0]])
"""PCGrad: g₁ + ½g₂ = (½, ½) and g₂ + g₁ = (0, 1) each stand at right angles to the other task; w = (1 + 1, ½ + 1).
UPGrad: both already lie in the cone d₁ ≥ 0, d₂ ≥ d₁, so it is half of that.
MGDA: w₁ = (g₂ − g₁)·g₂ / ‖g₁ − g₂‖² = 3 / 5.
IMTL-G: d = (1 − 2w₂, w₂), so 1 − 2w₂ = (3w₂ − 1) / √2 and w₂ = (1 + √2) / (3 + 2√2) = √2 − 1.
CAGrad: g₀ = (0, ½), radius ¼; min(d₁, d₂ − d₁) is at most d₁ ≤ ¼, reached at d = (¼, ½) = ¾g₁ + ½g₂."""
AGREEMENT = np.array([[1.0, 0.0], [1.0, 1.0]])
"""PCGrad and UPGrad: nothing to cut, the sum and the mean. MGDA: (g₂ − g₁)·g₂ / ‖g₁ − g₂‖² = 1.
IMTL-G: d = (1, w₂), so 1 = (1 + w₂) / √2. CAGrad: g₀ = (1, ½), radius r = ½√1.25; min(d₁, d₁ + d₂) is d₁ there, which
is largest at d = g₀ + r·g₁."""
BY_HAND = {
    PCGrad: ((2, 1.5), (1, 1)),
    UPGrad: ((1, 0.75), (0.5, 0.5)),
    MGDA: ((0.6, 0.4), (1, 0)),
    IMTLG: ((2 - math.sqrt(2), math.sqrt(2) - 1),) * 2,
    CAGrad: ((0.75, 0.5), (0.5 + math.sqrt(1.25) / 2, 0.5)),
}


@every_steering
def test_two_gradients_worked_by_hand(strategy):
    for g, expected in zip((CONFLICT, AGREEMENT), BY_HAND[strategy], strict=True):
        np.testing.assert_allclose(weigh(strategy(), g), expected, atol=1e-3)  # as good as torchjd's solvers are


def test_two_gradients_have_a_closed_form(random):
    for g in random.normal(size=(50, 2, 4)) * [[1.0], [3.0]]:
        (g1, g2), (n1, n2) = g, np.linalg.norm(g, axis=1)
        w = np.clip((g2 - g1) @ g2 / ((g1 - g2) @ (g1 - g2)), 0, 1)
        np.testing.assert_allclose(weigh(MGDA(), g), [w, 1 - w], atol=1e-6)
        np.testing.assert_allclose(weigh(IMTLG(), g), [n2 / (n1 + n2), n1 / (n1 + n2)], rtol=1e-6)
        cut = 1 - min(g1 @ g2, 0) / np.array([n1, n2]) ** 2
        np.testing.assert_allclose(weigh(PCGrad(), g), cut, rtol=1e-6)
        np.testing.assert_allclose(weigh(UPGrad(), g), cut / 2, rtol=2e-2)  # torchjd adds a small ridge


def least(function):
    """The least value of a convex function of w ≥ 0 with Σ w = 1, of three weights."""
    sums = {"type": "eq", "fun": lambda w: w.sum() - 1}
    starts = (np.full(3, 1 / 3), *(0.8 * np.eye(3) + 0.2 / 3))
    return min(minimize(function, w, bounds=[(0, 1)] * 3, constraints=sums, tol=1e-12).fun for w in starts)


@pytest.mark.parametrize("seed", range(5))
def test_three_gradients_by_scipy(seed):
    g = np.random.default_rng(seed).normal(size=(3, 5)) * [[1.0], [2.0], [0.5]]
    w, mean = weigh(MGDA(), g), g.mean(0)
    assert (w >= 0).all()
    assert w.sum() == pytest.approx(1, rel=1e-9)
    shortest = least(lambda v: ((v @ g) ** 2).sum())
    assert ((w @ g) ** 2).sum() == pytest.approx(shortest, rel=0.03)  # Frank–Wolfe is slow, and stopped early
    d, radius = weigh(CAGrad(c=0.5), g) @ g, np.linalg.norm(mean) / 2
    assert np.linalg.norm(d - mean) <= radius * (1 + 1e-4)
    dual = least(lambda v: v @ g @ mean + radius * np.linalg.norm(v @ g))  # nothing in the ball exceeds it
    assert (g @ d).min() == pytest.approx(dual, abs=1e-3)
    np.testing.assert_allclose(weigh(CAGrad(c=0), g), 1 / 3, atol=1e-4)
    projected = np.mean([row + g.T @ nnls(g.T, -row)[0] for row in g], 0)
    assert np.linalg.norm(weigh(UPGrad(), g) @ g - projected) < 0.01 * np.linalg.norm(projected)
    u = g / np.linalg.norm(g, axis=1, keepdims=True)
    rest = g[0] @ (u[0] - u[1:]).T @ np.linalg.inv((g[0] - g[1:]) @ (u[0] - u[1:]).T)  # the paper's own formula
    np.testing.assert_allclose(weigh(IMTLG(), g), [1 - rest.sum(), *rest], rtol=1e-6)


def test_pcgrad_draws_its_order_from_the_runs_own_generator():
    """Three gradients of which each pair conflicts, so that every order gives other weights."""
    g = np.array([[1.0, 0.0, 0.2], [-1.0, 1.0, 0.0], [-0.3, -1.0, -1.0]])
    cut = {0: [], 1: [], 2: []}  # what is left of task i, as weights, after either order of the two others
    for i, *others in permutations(range(3)):
        w = np.eye(3)[i]
        for j in others:
            w[j] -= min(w @ g @ g[j], 0) / (g[j] @ g[j])
        cut[i].append(w)
    possible = {tuple(np.round(a + b + c, 6)) for a in cut[0] for b in cut[1] for c in cut[2]}
    assert len(possible) == 8
    before, gramian, lives = torch.random.get_rng_state(), torch.tensor(g @ g.T), (told_of(), told_of())
    one, other = (
        [tuple(PCGrad().balanced_weights(gramian, told).numpy().round(6)) for _ in range(60)] for told in lives
    )
    assert set(one) == possible
    assert one == other
    assert torch.equal(torch.random.get_rng_state(), before), "nothing is drawn from torch's own generator"


@every_steering
@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_tasks_does_not_matter(strategy, seed):
    """To PCGrad it does from three tasks on, which is why it draws one."""
    g = np.random.default_rng(seed).normal(size=(2 if strategy is PCGrad else 3, 5))
    w = weigh(strategy(), g)
    for order in map(list, permutations(range(len(g)))):
        np.testing.assert_allclose(weigh(strategy(), g[order]), w[order], atol=1e-3)


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 2.0, 1e4])
@every_steering
def test_the_unit_of_all_losses_together_does_not_matter(strategy, scale):
    np.testing.assert_allclose(weigh(strategy(), scale * CONFLICT), weigh(strategy(), CONFLICT), atol=1e-4)


def test_the_unit_of_one_loss_does_not_matter_to_imtl_g(random):
    g = random.normal(size=(3, 40))  # nearly at right angles, so that no weight is negative
    u, directions = g / np.linalg.norm(g, axis=1, keepdims=True), []
    for scale in (1.0, 100.0, 0.02):
        scaled = g * [[1.0], [scale], [1.0]]
        d = weigh(IMTLG(), scaled) @ scaled
        np.testing.assert_allclose(u @ d, (u @ d)[0], rtol=1e-6)
        directions.append(d / np.linalg.norm(d))
    np.testing.assert_allclose(directions, [directions[0]] * 3, atol=1e-6)
    assert (u @ directions[0] > 0).all()


@pytest.mark.parametrize("strategy", [MGDA, UPGrad], ids=kind)
def test_no_task_is_harmed(strategy, random):
    """Up to the ridge that torchjd adds: a cosine of −0.01 is let pass. The plain mean harms much more."""
    worst, plain = [], []
    for g in random.normal(size=(100, 3, 4)):
        for d, lowest in ((weigh(strategy(), g) @ g, worst), (g.mean(0), plain)):
            lowest.append((g @ d / np.linalg.norm(g, axis=1) / np.linalg.norm(d)).min())
    assert min(worst) > -0.01
    assert min(plain) < -0.2


# ---------------------------------------------------------------------- from terms to gradients


def terms_of(run):
    batches = {key: Batch(*run.samplers[key].next_batch(4)) for key in run.phases[0].domains}
    return {name: term.mean() for name, term in run.strategy.terms(batches, run.context).items()}


def stepped(run, terms=None):
    """One step up to the gradients, which are now in ``.grad``; its terms, and what it logs."""
    terms = terms or terms_of(run)
    return terms, backward(run.strategy, terms, run.live_settings.lambdas, run.context, watched=False)[1]


def flat(term, parameters):
    """The gradient of one term by a pass of its own, zeros where it does not reach; (P,)."""
    found = torch.autograd.grad(term, parameters, retain_graph=True, allow_unused=True, materialize_grads=True)
    return torch.cat([part.flatten() for part in found])


def left(module):
    """What ``.grad`` of its parameters holds; (P,)."""
    return torch.cat([p.grad.flatten() for p in module.parameters()])


def test_a_row_is_the_gradient_of_its_term():
    run = trainer(Joint(), problem=PAIR)
    terms, parameters = terms_of(run), list(run.network.parameters())
    rows = jacobian(list(terms.values()), parameters)
    torch.testing.assert_close(rows, torch.stack([flat(term, parameters) for term in terms.values()]))
    parity = sum(p.numel() for p in run.network.heads["parity"].parameters())
    assert rows[1, -parity:].any()
    assert not rows[0, -parity:].any(), "the head that this term does not reach"


def test_cosines_are_those_of_numpy(random):
    g = np.vstack([random.normal(size=(3, 7)) * [[1e-4], [1.0], [1e4]], np.zeros((1, 7))])
    found = cosines(("a", "b", "c", "none"), torch.tensor(g @ g.T))
    for (i, one), (j, other) in combinations(enumerate("abc"), 2):
        expected = g[i] @ g[j] / np.linalg.norm(g[i]) / np.linalg.norm(g[j])
        assert found.pop(f"cosine/{one}|{other}").item() == pytest.approx(expected, rel=1e-9)
    assert found == {f"cosine/{x}|none": 0 for x in "abc"}


@every_steering
def test_stages_get_the_balanced_gradient_and_heads_their_own(strategy):
    run = trainer(strategy(weights={A: 1, B: 0.5}), problem=PAIR)
    terms, stages, heads = terms_of(run), run.network.stages, run.network.heads
    rows = torch.stack([flat(term, list(stages.parameters())) for term in (terms[A], 0.5 * terms[B])])
    expected = flat(terms[A] + 0.5 * terms[B], list(heads.parameters()))
    _, logged = stepped(run, terms)
    w = run.strategy.balanced_weights((rows @ rows.T).double(), told_of()).float()
    torch.testing.assert_close(left(stages), w @ rows, rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(left(heads), expected)
    assert logged == pytest.approx({f"lambda/{A}": w[0].item(), f"lambda/{B}": w[1].item() / 2}, rel=1e-3)


def test_gradnorm_is_told_of_the_last_stage_only():
    run = trainer(GradNorm(weights={A: 1, B: 0.5}), problem=PAIR)
    terms, last = terms_of(run), list(list(run.network.stages.values())[-1].parameters())
    rows = torch.stack([flat(terms[A], last), flat(0.5 * terms[B], last)])
    stepped(run, terms)
    torch.testing.assert_close(run.context.gramian, rows @ rows.T)


@every_steering
def test_with_all_weights_one_it_is_plain_joint_learning(strategy, monkeypatch):
    monkeypatch.setattr(strategy, "weighting", lambda self, gramian, context: torch.ones(len(gramian)).double())
    plain = Joint(weights=dict.fromkeys(Joint().lambdas(FOUR), 1.0))
    runs = [trainer(form, problem=FOUR) for form in (strategy(), plain)]
    for run in runs:
        stepped(run)
    torch.testing.assert_close(*(left(run.network) for run in runs), rtol=1e-4, atol=1e-6)


def test_where_every_stage_is_fixed_all_weights_are_one():
    for strategy in STEERING:
        assert numbers(strategy().loss_weights(tensors([3, 4]), told_of())) == [1, 1]
    assert GradNorm().loss_weights(tensors([3, 4]), told_of(state=GradNorm().state(None))) == {}


# ---------------------------------------------------------------------- runs


def test_the_order_of_a_problems_tasks_does_not_change_its_losses():
    first, values = None, []
    for tasks in (("digit", "parity"), ("parity", "digit")):
        run = trainer(Joint(), problem=Problem(tasks=tasks, labels_per_class="all"), callback=(told := Recorder()))
        first = first or weights_of(run)
        run.network.load_state_dict(first)  # heads draw their first values in the order of tasks
        run.run()
        values.append({name: told.values(f"loss/{name}")[1] for name in (*run.live_settings.lambdas, "total")})
    assert len(values[0]) == 5
    assert values[1] == pytest.approx(values[0], rel=1e-5)


@joint_and_every_balancer
def test_a_run_logs_its_weights_at_every_step_and_conflict_where_it_looks(strategy):
    told, terms = Recorder(), strategy().lambdas(FOUR)
    trainer(strategy(), problem=FOUR, training=settings(5, evaluations=2), callback=told).run()
    for name, own in terms.items():
        weights, losses = told.values(f"lambda/{name}"), told.values(f"loss/{name}")
        if strategy is Joint:
            assert weights == dict.fromkeys((0, 2, 4, 5), own)
        else:
            assert set(weights) == set(losses) == {1, 2, 3, 4, 5}
            weighted = {step: value * losses[step] for step, value in weights.items()}
            assert told.values(f"weighted/{name}") == pytest.approx(weighted, rel=1e-4, abs=1e-7)
    for one, other in combinations([name for name in terms if "/" in name], 2):
        seen = told.values(f"cosine/{one}|{other}")
        assert set(seen) == {1, 2, 4}
        assert all(-1 - 1e-6 <= value <= 1 + 1e-6 for value in seen.values())
        assert any(seen.values())


def test_measuring_conflict_changes_no_weight(monkeypatch):
    seen, unseen = Recorder(), Recorder()
    watched = trained(Joint(), problem=FOUR, callback=seen)
    monkeypatch.setattr(Joint, "logs_gradient_conflict", False)
    assert not differing(trained(Joint(), problem=FOUR, callback=unseen), watched)
    names = [{name for name, _, _ in told.points if name.startswith("cosine/")} for told in (seen, unseen)]
    assert list(map(len, names)) == [6, 0]


@every_balancer
def test_a_paused_or_killed_run_ends_with_the_same_bits(strategy, tmp_path, every_step):
    form = DWA(window=2) if strategy is DWA else strategy()
    training = settings(8, evaluations=2)
    run, *_ = attempts(form, training, tmp_path / "paused.pt", (1, 3, 6), problem=FOUR)
    assert not differing(weights_of(run), trained(form, training=training, problem=FOUR))
    _, saved = interrupt_at(6, form, training, tmp_path / "killed.pt")
    assert saved == 4
    resumed = trained(form, training=training, checkpoint=tmp_path / "killed.pt")
    assert not differing(resumed, trained(form, training=training))


@every_balancer
@pytest.mark.parametrize(
    ("problem", "weights"),
    [(Problem(labels_per_class=0), {S: 1.0}), (Problem(), {A: 2.0, S: 0.0}), (Problem(source=()), {})],
    ids=["no labels", "weight zero", "one domain"],
)
def test_one_term_is_nothing_to_balance(strategy, problem, weights):
    Joint(weights=weights).check(problem)
    with pytest.raises(XferError) as caught:
        strategy(weights=weights).check(problem)
    assert (caught.value.code, caught.value.field, caught.value.value) == ("one_term", "problem.tasks", ("digit",))
    assert caught.value.candidates == ({"strategy.kind": "joint"},)


@every_balancer
def test_a_term_of_weight_zero_does_not_stop_the_others(strategy):
    fast = {GradNorm: {"rate": 0.5}, UncertaintyWeighting: {"rate": 200}}.get(strategy, {})
    form, told = strategy(weights={S: 1, A: 1}, **fast), Recorder()
    trainer(form, problem=FOUR, training=settings(60), callback=told).run()
    late = [told.values(f"lambda/{S}")[step] + told.values(f"lambda/{A}")[step] for step in range(40, 61)]
    assert np.mean(late) > 0.2


@pytest.mark.parametrize("step", [1, 2], ids=["at a look", "between looks"])
@joint_and_every_balancer
def test_a_loss_that_is_not_finite_is_blamed_on_its_term(strategy, step, every_step):
    def breaks():
        run.network.heads["parity"].get_parameter("bias").data[0] = math.inf

    run = trainer(strategy(), problem=PAIR, callback=At({step - 1: breaks}))
    with pytest.raises(XferError) as caught:
        run.run()
    assert (caught.value.code, caught.value.field, caught.value.params["step"]) == ("not_finite_loss", B, step)
