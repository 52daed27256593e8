"""Sequential transfer: what moves in which phase, to the last bit, and by how much."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch

from tests.support.training import (
    NETWORK_CONFIGS,
    SMALL,
    TARGET,
    At,
    attempts,
    differing,
    interrupt_at,
    phases_of,
    settings,
    trained,
    trainer,
    weights_of,
)
from xfer_core.errors import XferError
from xfer_core.networks import ArticleNet, LeNet
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import RunSpec
from xfer_core.strategies import AnyStrategy, Batch
from xfer_core.strategies.baselines.source_only import SourceOnly
from xfer_core.strategies.transfer.base import Transfer
from xfer_core.strategies.transfer.batch_norm_tuning import BatchNormTuning
from xfer_core.strategies.transfer.discriminative_rates import DiscriminativeRates
from xfer_core.strategies.transfer.distillation import Distillation
from xfer_core.strategies.transfer.fine_tune import FineTune
from xfer_core.strategies.transfer.gradual_unfreezing import GradualUnfreezing
from xfer_core.strategies.transfer.l2_sp import L2SP
from xfer_core.strategies.transfer.linear_probe import LinearProbe
from xfer_core.strategies.transfer.lp_ft import LPFT
from xfer_core.training import SGD, Command

TRANSFER = [cls for cls in get_args(AnyStrategy) if issubclass(cls, Transfer)]
every_transfer = pytest.mark.parametrize("strategy", TRANSFER, ids=lambda cls: cls.kind_name())
every_network = pytest.mark.parametrize("form", NETWORK_CONFIGS, ids=lambda form: form.kind)
HEAD = {"heads.digit.weight", "heads.digit.bias"}
T = f"{TARGET}/digit"
PLAIN = SGD(lr=0.5, momentum=0)


def named(run, *parts):
    """Names of all parameters and buffers of these stages."""
    return {name for part in parts for name in run.network.parameter_names(part)}


class Watching(At):
    """Also keeps the weights as each step left them; needs ``every_step``."""

    def __init__(self, plan):
        super().__init__(plan)
        self.run, self.after = None, {}

    def on_metrics(self, points, progress):
        super().on_metrics(points, progress)
        self.after[self.step] = weights_of(self.run)


def watched(strategy, training, plan=()):
    """A finished run and the weights after each of its steps."""
    told = Watching(dict(plan))
    told.run = trainer(strategy, callback=told, training=training)
    told.run.run()
    return told


def moved(told):
    """What each phase moved, from its beginning to the beginning of the next."""
    ends = [*told.weights[1:], weights_of(told.run)]
    return [differing(begin, end) for begin, end in zip(told.weights, ends, strict=True)]


def names_of_phases(told):
    return [details["name"] for kind, _, details in told.events if kind == "phase"]


# ---------------------------------------------------------------------- what all of them keep


@every_transfer
def test_all_of_them_first_learn_as_source_only_does(strategy):
    """Up to the target nothing of the method is felt: the same weights to the last bit."""
    run = trainer(strategy(), training=settings(8), callback=(told := At({})))
    ended = {}
    enter = run._begin_phase

    def keep_and_enter():
        ended[run.phases[run.phase_index].name] = {n: t.clone() for n, t in run.network.state_dict().items()}
        enter()

    run._begin_phase = keep_and_enter
    run.run()
    first, second = list(ended)[:2]
    assert first == "source"
    assert not differing(ended[second], trained(SourceOnly(), training=settings(4)))
    assert [step for kind, step, _ in told.events if kind == "phase"][:2] == [0, 4]


@every_transfer
@pytest.mark.parametrize(
    ("problem", "code"), [(Problem(source=()), "no_source"), (Problem(labels_per_class=0), "no_labels")]
)
def test_all_of_them_need_a_source_and_target_labels(strategy, problem, code):
    with pytest.raises(XferError) as caught:
        RunSpec(problem=problem, strategy=strategy()).check()
    assert caught.value.code == code


@every_transfer
@pytest.mark.usefixtures("every_step")
def test_paused_and_killed_it_still_ends_with_the_same_bits(strategy, tmp_path):
    """Interrupted on the source, where the target begins, and within what follows."""
    training = settings(8, evaluations=2)
    expected = trained(strategy(), training=training)
    run, _, _ = attempts(strategy(), training, tmp_path / "paused.pt", (1, 4, 5, 6))
    assert not differing(weights_of(run), expected)
    interrupt_at(7, strategy(), training, tmp_path / "killed.pt")
    assert not differing(trained(strategy(), training=training, checkpoint=tmp_path / "killed.pt"), expected)


# ---------------------------------------------------------------------- linear probe, then fine-tuning


@every_network
@pytest.mark.parametrize("new_head", [True, False], ids=["new head", "old head"])
def test_a_linear_probe_moves_the_head_and_nothing_else(form, new_head):
    told = phases_of(LinearProbe(new_head=new_head), network=form, training=settings(8))
    assert names_of_phases(told) == ["source", "target"]
    assert moved(told) == [set(told.weights[0]), HEAD]
    assert told.result.frozen_unchanged is True


@every_network
def test_probing_first_moves_the_head_then_everything(form):
    told = phases_of(LPFT(), network=form, training=settings(8))
    everything = set(told.weights[0])
    assert [
        (name, begin)
        for name, (_, begin, _) in zip(names_of_phases(told), [e for e in told.events if e[0] == "phase"], strict=True)
    ] == [
        ("source", 0),
        ("probe", 4),
        ("target", 6),
    ]
    assert moved(told) == [everything, HEAD, everything]
    assert told.result.frozen_unchanged is True


def test_the_probe_is_a_linear_probe_and_its_head_is_kept_for_what_follows():
    told = phases_of(LPFT(source_share=0.5, probe_share=0.5), training=settings(8))
    probe = trained(LinearProbe(source_share=2 / 3), training=settings(6))
    assert not differing(told.weights[2], probe)


# ---------------------------------------------------------------------- gradual unfreezing


@every_network
def test_each_phase_unlocks_exactly_one_more_stage_from_the_top(form):
    told = phases_of(GradualUnfreezing(), network=form, training=settings(16))
    stages = list(told.run.network.stages)
    free = [named(told.run, "head", *stages[len(stages) - k :]) for k in range(len(stages) + 1)]
    assert moved(told) == [set(told.weights[0]), *free]
    assert [step for kind, step, _ in told.events if kind == "phase"] == [0, 8, 10, 12, 14]
    assert told.result.frozen_unchanged is True


@every_network
def test_a_phase_is_named_after_the_stage_that_it_unlocks(form):
    run = trainer(GradualUnfreezing(), form)
    names = [phase.name for phase in run.phases]
    assert names[:2] == ["source", "head"]
    for before, phase in zip(run.phases[1:], run.phases[2:-1], strict=False):
        assert before.frozen - phase.frozen == named(run, phase.name.removeprefix("unfreeze "))
    assert names[-1] == "unfreeze all"


def test_a_new_head_begins_again_only_once():
    told = phases_of(GradualUnfreezing(new_head=True), training=settings(16))
    assert [phase.reset for phase in told.run.phases] == ["nothing", "heads", "nothing", "nothing", "nothing"]


# ---------------------------------------------------------------------- discriminative rates


def rate_of(name, run):
    """η / 2.6^k: the last stage is one below the head."""
    stages = list(run.network.stages)
    below = {stage: len(stages) - i for i, stage in enumerate(stages)}
    return 2.6 ** -next((k for stage, k in below.items() if name.startswith(f"stages.{stage}.")), 0)


def stepped(run, before, lr):
    """Where plain gradient descent comes to from these weights with the gradients of the last step."""
    return {
        name: before[name] - lr * rate_of(name, run) * parameter.grad
        for name, parameter in run.network.named_parameters()
    }


@every_network
def test_a_stage_moves_by_its_gradient_times_its_own_rate(form):
    training = settings(2, optimizer=PLAIN)
    told, plain = (phases_of(each, network=form, training=training) for each in (DiscriminativeRates(), FineTune()))
    after, expected = weights_of(told.run), stepped(told.run, told.weights[1], PLAIN.lr)
    assert not differing(told.weights[1], plain.weights[1])
    for (name, one), other in zip(told.run.network.named_parameters(), plain.run.network.parameters(), strict=True):
        assert one.grad.abs().max() > 0
        assert torch.equal(one.grad, other.grad), "the rate changes the update, not the gradient"
        torch.testing.assert_close(after[name], expected[name], rtol=1e-6, atol=1e-7)
        ways = [(end[name] - told.weights[1][name]).norm().item() for end in (after, weights_of(plain.run))]
        assert ways[0] / ways[1] == pytest.approx(rate_of(name, told.run), rel=1e-3)


@pytest.mark.parametrize(
    "optimizer", [PLAIN, SGD(weight_decay=0.1), settings().optimizer], ids=["plain", "sgd", "adam"]
)
@every_network
def test_factor_one_is_fine_tuning_to_the_last_bit(optimizer, form):
    one, other = (
        trained(each, form, settings(optimizer=optimizer)) for each in (DiscriminativeRates(factor=1), FineTune())
    )
    assert not differing(one, other)


def test_a_rate_that_is_set_while_running_keeps_the_ratios(every_step):
    plan = {3: [Command("set", "lr", 0.25)]}
    told = watched(DiscriminativeRates(), settings(4, optimizer=PLAIN), plan)
    found = sorted(group["lr"] for group in told.run.optimizer.param_groups)
    assert found == pytest.approx(sorted(0.25 / 2.6**k for k in range(4)))
    for name, expected in stepped(told.run, told.after[3], 0.25).items():
        torch.testing.assert_close(told.after[4][name], expected, rtol=1e-6, atol=1e-7)
        assert not torch.equal(told.after[4][name], told.after[3][name])


def test_a_rate_that_a_person_set_outlives_the_next_phase_on_the_target(every_step):
    steps = 8  # the source to step 4, the probe to 6, then everything
    turned = watched(LPFT(target_lr=0.02), settings(steps), {5: [Command("set", "lr", 0.25)]})
    assert turned.values("lr")[4] == 0.02, "entering the target takes the target's rate"
    assert turned.values("lr")[6] == turned.values("lr")[steps] == 0.25


# ---------------------------------------------------------------------- L2-SP


def test_the_pull_begins_at_zero_and_measures_the_way_from_the_start(every_step):
    told = watched(L2SP(), settings(4))
    start, after = told.after[2], told.after[3]
    pull, size = told.values("loss/start"), told.values("loss/head")
    assert pull.keys() == size.keys() == {3, 4}
    assert pull[3] == 0
    stages = [name for name, _ in told.run.network.named_parameters() if name.startswith("stages.")]
    far = sum(((after[n].double() - start[n].double()) ** 2).sum().item() for n in stages) / 2
    assert pull[4] == pytest.approx(far, rel=1e-4)
    for step, weights in ((3, start), (4, after)):
        assert size[step] == pytest.approx(sum((weights[n].double() ** 2).sum().item() for n in HEAD) / 2, rel=1e-4)


def test_a_stronger_pull_stays_nearer_and_a_stronger_decay_makes_a_smaller_head():
    def ended(**strength):
        told = phases_of(L2SP(**strength), training=settings(24, optimizer=SGD(lr=0.05, momentum=0)))
        end = weights_of(told.run)
        stages = [name for name, _ in told.run.network.named_parameters() if name.startswith("stages.")]
        way = sum(float((end[n] - told.weights[1][n]).square().sum()) for n in stages)
        return way, sum(float(end[n].square().sum()) for n in HEAD)

    ways, sizes = zip(*(ended(alpha=alpha, beta=0) for alpha in (0, 1, 10)), strict=True)
    assert ways[0] > ways[1] > ways[2] > 0
    assert ways[2] < ways[0] / 4
    sizes = [ended(alpha=0, beta=beta)[1] for beta in (0, 1, 10)]
    assert sizes[0] > sizes[1] > sizes[2]


@every_network
@pytest.mark.parametrize("more", [{}, {"new_head": True, "target_lr": 0.02}], ids=["plain", "new head"])
def test_without_any_pull_it_is_fine_tuning_to_the_last_bit(form, more):
    told = phases_of(L2SP(alpha=0, beta=0, **more), network=form)
    assert not differing(weights_of(told.run), trained(FineTune(**more), form))


# ---------------------------------------------------------------------- batch-norm tuning


@pytest.mark.parametrize("form", [SMALL, LeNet(batch_norm=True)], ids=lambda form: form.kind)
@pytest.mark.parametrize(
    ("more", "head"),
    [({}, HEAD), ({"head": False}, set()), ({"new_head": True}, HEAD), ({"head": False, "new_head": True}, HEAD)],
    ids=["as it is", "without head", "new head", "new head that stays"],
)
def test_batch_norm_tuning_moves_batch_norm_and_the_head(form, more, head):
    told = phases_of(BatchNormTuning(**more), network=form, training=settings(8))
    norms = {name for name in told.weights[0] if ".norm." in name}
    assert {name.rpartition(".")[2] for name in norms} == {
        "weight",
        "bias",
        "running_mean",
        "running_var",
        "num_batches_tracked",
    }
    assert moved(told)[1] == norms | head
    assert told.result.frozen_unchanged is True


@pytest.mark.parametrize("form", [ArticleNet(), LeNet()], ids=lambda form: form.kind)
def test_batch_norm_tuning_refuses_a_network_without_batch_norm(form):
    with pytest.raises(XferError) as caught:
        RunSpec(network=form, strategy=BatchNormTuning()).check()
    assert (caught.value.code, caught.value.field) == ("no_batch_norm", "network.kind")
    assert "linear_probe" in str(caught.value)
    RunSpec(network=SMALL, strategy=BatchNormTuning()).check()


# ---------------------------------------------------------------------- distillation


def teacher_in(weights):
    prefix = "modules.teacher."
    return {name.removeprefix(prefix): tensor for name, tensor in weights.items() if name.startswith(prefix)}


def student_in(weights):
    return {name: tensor for name, tensor in weights.items() if not name.startswith("modules.")}


@every_network
@pytest.mark.parametrize("fresh", [False, True], ids=["same weights", "fresh"])
def test_the_teacher_is_the_source_network_and_never_changes(form, fresh):
    told = phases_of(Distillation(fresh=fresh), network=form, training=settings(6))
    begun, ended = told.weights[1], weights_of(told.run)
    assert not differing(teacher_in(begun), trained(SourceOnly(), form, settings(3)))
    assert not differing(teacher_in(ended), teacher_in(begun))
    assert len(differing(student_in(ended), student_in(begun))) == len(student_in(begun)), "the student does move"


@every_network
def test_a_fresh_student_has_new_weights_throughout_and_another_has_the_teachers(form):
    begun = phases_of(Distillation(fresh=True), network=form).weights[1]
    assert differing(student_in(begun), teacher_in(begun)) == set(student_in(begun))
    initial = trainer(Distillation(fresh=True), form)
    drawn = {name for name in student_in(begun) if ".norm." not in name}  # batch norm always begins with 0 and 1
    assert drawn <= differing(student_in(begun), student_in(weights_of(initial)))
    begun = phases_of(Distillation(), network=form).weights[1]
    assert not differing(student_in(begun), teacher_in(begun))


def batches_of(run, size=5):
    """Batches of the target phase as the loop would draw them, put into the context too."""
    run.context.phase = run.phases[-1]
    run.context.unlabelled = {
        key: run.samplers[f"{key}/unlabelled"].next_batch(size)[0] for key in run.context.phase.unlabelled
    }
    return {key: Batch(*run.samplers[key].next_batch(size)) for key in run.context.phase.domains}


def test_the_teachers_term_is_the_mean_divergence_over_targets_and_tasks():
    problem = Problem(target=(TARGET, "digits.noisy"), tasks=("digit", "parity"), labels_per_class=2)
    run = trainer(Distillation(temperature=3), ArticleNet(), problem=problem)
    batches = batches_of(run)
    with torch.no_grad():
        for parameter in run.network.parameters():
            parameter.mul_(1.5)  # the student has gone on
    found = run.strategy.terms(batches, run.context)["teacher"].item()
    losses = []
    for images in run.context.unlabelled.values():
        with torch.no_grad():
            given, wanted = run.network(images), run.modules["teacher"](images)
        for task in problem.tasks:
            p, q = (np.exp(z[task].double().numpy() / 3) for z in (wanted, given))
            p, q = p / p.sum(1, keepdims=True), q / q.sum(1, keepdims=True)
            losses.append(9 * np.mean(np.sum(p * np.log(p / q), 1)))
    assert len(losses) == 4
    assert found == pytest.approx(np.mean(losses), rel=1e-4)


def test_a_teacher_without_weight_leaves_the_gradient_of_fine_tuning():
    """On a network without batch norm, where samples do not see each other."""
    run = trainer(Distillation(weight=0), ArticleNet())
    batches = batches_of(run)
    gradients = []
    for strategy in (run.strategy, FineTune()):
        run.network.zero_grad()
        lambdas, terms = strategy.lambdas(run.data.problem), strategy.terms(batches, run.context)
        sum(lambdas[name] * term.mean() for name, term in terms.items()).backward()
        gradients.append([p.grad.clone() for p in run.network.parameters()])
    assert run.strategy.lambdas(run.data.problem)["teacher"] == 0
    for with_teacher, alone in zip(*gradients, strict=True):
        assert alone.abs().max() > 0
        torch.testing.assert_close(with_teacher, alone, rtol=1e-3, atol=1e-6)
    assert all(p.grad is None for p in run.modules["teacher"].parameters())
