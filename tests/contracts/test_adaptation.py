"""Unsupervised adaptation: what every method keeps, then each method's own step against one written out by hand."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from functools import cache
from typing import get_args

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.support.training import (
    SMALL,
    SOURCE,
    TARGET,
    Recorder,
    attempts,
    differing,
    interrupt_at,
    phases_of,
    settings,
    trained,
    trainer,
    weights_of,
)
from xfer_core.domains import load_domain
from xfer_core.errors import XferError
from xfer_core.networks import ArticleNet, LeNet, SmallCNN
from xfer_core.objectives.class_confusion import class_confusion
from xfer_core.objectives.coral import coral
from xfer_core.objectives.mmd import mk_mmd
from xfer_core.objectives.pseudo_labels import pseudo_label_loss
from xfer_core.problems import problem as problem_module
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import RunSpec
from xfer_core.strategies import AnyStrategy, Batch
from xfer_core.strategies.adaptation.adabn import AdaBN
from xfer_core.strategies.adaptation.base import Adaptation
from xfer_core.strategies.adaptation.cdan import CDAN, RANDOM_WIDTH
from xfer_core.strategies.adaptation.coral import CORAL
from xfer_core.strategies.adaptation.dann import DANN
from xfer_core.strategies.adaptation.mcc import MCC
from xfer_core.strategies.adaptation.mcd import MCD
from xfer_core.strategies.adaptation.mmd import MMD
from xfer_core.strategies.adaptation.pseudo_labels import PseudoLabels
from xfer_core.strategies.base import forward_task_losses
from xfer_core.training import SGD, TrainingConfig

ADAPTATION = [cls for cls in get_args(AnyStrategy) if issubclass(cls, Adaptation)]
OWN_TERM = {"dann": "domain", "cdan": "domain", "coral": "distance", "mmd": "distance", "mcd": "discrepancy"}
OWN_TERM |= {"pseudo_labels": "pseudo", "mcc": "confusion"}
every_adaptation = pytest.mark.parametrize("strategy", ADAPTATION, ids=lambda cls: cls.kind_name())
every_weighted = pytest.mark.parametrize(
    "strategy", [cls for cls in ADAPTATION if cls is not AdaBN], ids=lambda cls: cls.kind_name()
)
WIDE = Problem(source=(SOURCE, "digits.inverted"), target=(TARGET, "digits.noisy"), tasks=("digit", "parity"))
PROBLEMS = {
    "no labels": Problem(labels_per_class=0),
    "two labels": Problem(labels_per_class=2),
    "two of each": Problem(source=WIDE.source, target=WIDE.target, labels_per_class=2),
    "two of each without labels": Problem(source=WIDE.source, target=WIDE.target, labels_per_class=0),
    "two tasks": Problem(tasks=WIDE.tasks, labels_per_class=2),
    "everything at once": WIDE.model_copy(update={"labels_per_class": 0}),
}


def drawn(run, size=5, move="", progress=0.0):
    """Batches of the last phase as the loop would draw them; the context is set up for a step with them."""
    context = run.context
    context.phase, context.substep, context.progress = run.phases[-1], move, progress
    context.unlabelled = {
        key: run.samplers[f"{key}/unlabelled"].next_batch(size)[0] for key in context.phase.unlabelled
    }
    return {key: Batch(*run.samplers[key].next_batch(size)) for key in context.phase.domains}


def features_of(run, batches):
    """Features of all source samples and of all unlabelled target samples, one sample after the other."""
    source = torch.cat([batches[key].inputs for key in run.data.problem.source])
    return run.network.features(source), run.network.features(torch.cat(list(run.context.unlabelled.values())))


def gradients(loss, module):
    """The gradient of a loss at each parameter of a module; None where it does not depend on it."""
    names, parameters = zip(*module.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(loss, parameters, allow_unused=True), strict=True))


def assert_same_gradients(found, expected, factor=1.0):
    """Equal but for rounding, and not all zero."""
    assert found.keys() == expected.keys()
    assert any(g is not None and g.abs().max() > 0 for g in expected.values())
    for name, gradient in expected.items():
        if gradient is None:
            assert found[name] is None or not found[name].any(), name
        else:
            size = float(gradient.abs().max())
            torch.testing.assert_close(found[name], factor * gradient, rtol=1e-3, atol=1e-4 * size * abs(factor))


# ---------------------------------------------------------------------- what all of them keep


@every_adaptation
@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_it_works_with_any_number_of_labels_domains_and_tasks(strategy, problem):
    told = Recorder()
    run = trainer(strategy(), problem=problem, callback=told)
    result = run.run()
    lambdas = run.strategy.lambdas(problem)
    logged = {name.removeprefix("loss/") for name, _, _ in told.points if name.startswith("loss/")}
    assert result.status == "finished"
    assert logged - {"total"} == set(lambdas)
    assert all(math.isfinite(value) for _, _, value in told.points)
    named = {name for name in lambdas if "/" in name}
    learning = {*problem.source, *(problem.target if problem.labels_per_class else ())}
    assert named == {f"{key}/{task}" for key in learning for task in problem.tasks}
    assert sum(lambdas[name] for name in named) == pytest.approx(1)
    assert run.phases[-1].unlabelled == problem.target


@every_adaptation
def test_it_refuses_a_target_without_unlabelled_samples(strategy):
    check = RunSpec(problem=Problem(labels_per_class="all"), strategy=strategy()).check
    with pytest.raises(XferError) as caught:
        check()
    assert (caught.value.code, caught.value.field) == ("no_unlabelled", "problem.labels_per_class")
    assert caught.value.advice == {"problem.labels_per_class": 5}


def test_a_number_that_leaves_no_target_sample_without_a_label_is_refused_as_all_is():
    for budget in ("all", 449):  # the target has 449 training samples, and the tilt counts as one class
        problem = Problem(tasks=("tilt",), labels_per_class=budget)
        with pytest.raises(XferError, match=f"must leave target samples without labels for coral.*found {budget}"):
            RunSpec(problem=problem, strategy=CORAL(), training=TrainingConfig(augment=())).check()
    problem = Problem(tasks=("tilt",), labels_per_class=448)
    RunSpec(problem=problem, strategy=CORAL(), training=TrainingConfig(augment=())).check()


@every_adaptation
def test_it_refuses_a_problem_without_a_source(strategy):
    for check in (strategy().check, lambda problem: RunSpec(problem=problem, strategy=strategy()).check()):
        with pytest.raises(XferError) as caught:
            check(Problem(source=()))
        assert caught.value.code == "no_source"


@every_adaptation
def test_without_a_budget_no_label_of_the_target_matters(strategy, monkeypatch):
    problem = Problem(labels_per_class=0)
    clean = trained(strategy(), problem=problem)

    def poisoned(key, field="domain"):
        domain = load_domain(key, field)
        if key != TARGET:
            return domain
        task = domain.tasks["digit"]
        return replace(domain, tasks={"digit": replace(task, labels=(task.labels + 3) % 10)})

    monkeypatch.setattr(problem_module, "load_domain", poisoned)
    run = trainer(strategy(), problem=problem, data=None)
    held_out = run.data.held_out[TARGET, "test"].labels["digit"][:40]
    was = trainer(strategy(), problem=problem).data.held_out[TARGET, "test"].labels["digit"]
    assert (held_out != was).all()
    run.run()
    assert not differing(weights_of(run), clean)


@every_weighted
@pytest.mark.parametrize("budget", [0, 2])
def test_a_weight_of_zero_leaves_the_gradient_of_the_labels(strategy, budget):
    """On a network without batch norm, where samples do not see each other."""
    run = trainer(strategy(weight=0), ArticleNet(), problem=Problem(labels_per_class=budget))
    lambdas = run.strategy.lambdas(run.data.problem)
    assert lambdas[OWN_TERM[run.strategy.kind]] == 0
    move = "heads" if strategy is MCD else ""
    batches = drawn(run, move=move, progress=0.5)
    terms = run.strategy.terms(batches, run.context)
    assert set(terms) == set(lambdas)
    found = gradients(sum(lambdas[name] * term.mean() for name, term in terms.items()), run.network)
    labels = forward_task_losses(run.network, batches)
    alone = sum(lambdas[name] * loss.mean() for name, loss in labels.items())
    if strategy is MCD:  # its second classifier learns the labels too
        second = run.modules["second"]["digit"]
        losses = [F.cross_entropy(second(run.network.features(b.inputs)), b.labels["digit"]) for b in batches.values()]
        alone = alone + torch.stack(losses).mean()
    assert_same_gradients(found, gradients(alone, run.network))


@every_weighted
def test_a_weight_of_one_does_change_it(strategy):
    """At threshold 0 every own answer is a label, and reversal is felt from the second step on."""
    more = {"threshold": 0.0} if strategy is PseudoLabels else {}
    assert differing(trained(strategy(weight=0, **more)), trained(strategy(weight=1, **more)))


@every_adaptation
@pytest.mark.usefixtures("every_step")
def test_paused_and_killed_it_still_ends_with_the_same_bits(strategy, tmp_path):
    """Where there are two phases, each is interrupted within and between."""
    form = strategy(source_share=0.4) if "source_share" in strategy.model_fields else strategy()
    training = settings(6, evaluations=2)
    expected = trained(form, training=training)
    run, _, _ = attempts(form, training, tmp_path / "paused.pt", (1, 2, 4))
    assert not differing(weights_of(run), expected)
    _, saved = interrupt_at(5, form, training, tmp_path / "killed.pt")
    assert saved == 3
    assert not differing(trained(form, training=training, checkpoint=tmp_path / "killed.pt"), expected)


# ---------------------------------------------------------------------- distances, confusion and own answers


@pytest.mark.parametrize("problem", [Problem(), WIDE], ids=["plain", "wide"])
@pytest.mark.parametrize(
    ("strategy", "objective"), [(CORAL(), coral), (MMD(), mk_mmd)], ids=lambda x: getattr(x, "kind", "")
)
def test_the_distance_is_between_all_source_and_all_unlabelled_target_samples(strategy, objective, problem):
    """Labelled target samples are on neither side."""
    run = trainer(strategy, ArticleNet(), problem=problem)
    batches = drawn(run)
    found = run.strategy.terms(batches, run.context)["distance"]
    expected = objective(*features_of(run, batches))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-9)
    assert_same_gradients(gradients(found, run.network), gradients(expected, run.network))


@pytest.mark.parametrize("problem", [Problem(), WIDE], ids=["plain", "wide"])
@pytest.mark.parametrize(
    ("strategy", "objective"),
    [
        (MCC(temperature=1.5), lambda logits: class_confusion(logits, 1.5)),
        (PseudoLabels(threshold=0.105), lambda logits: pseudo_label_loss(logits, 0.105)),
    ],
    ids=lambda x: getattr(x, "kind", ""),
)
def test_confusion_and_own_answers_are_a_mean_over_tasks_on_unlabelled_target_samples(strategy, objective, problem):
    run = trainer(strategy, ArticleNet(), problem=problem)
    batches = drawn(run)
    found = run.strategy.terms(batches, run.context)[OWN_TERM[strategy.kind]]
    logits = run.network(torch.cat(list(run.context.unlabelled.values())))
    expected = sum(objective(logits[task]) for task in problem.tasks) / len(problem.tasks)
    assert found > 0
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-9)


def test_own_answers_count_only_after_the_source_phase_and_only_above_the_threshold():
    told = Recorder()
    trainer(PseudoLabels(source_share=0.5, threshold=1.0), callback=told).run()
    assert told.values("loss/pseudo") == {3: 0.0, 4: 0.0}
    kinds = [details["name"] for kind, _, details in told.events if kind == "phase"]
    assert kinds == ["source", "adapt"]
    never, nothing = (trained(PseudoLabels(threshold=1.0, weight=weight)) for weight in (0, 1))
    assert not differing(never, nothing)


# ---------------------------------------------------------------------- DANN


def reversed_strength(progress):
    return 2 / (1 + math.exp(-10 * progress)) - 1


def plain_domain_loss(source, target, source_weights=1.0, target_weights=1.0):
    """−½ mean log σ(z_s) − ½ mean log σ(−z_t), with nothing reversed."""
    halves = [-(source_weights * F.logsigmoid(source.flatten())), -(target_weights * F.logsigmoid(-target.flatten()))]
    return (halves[0].mean() + halves[1].mean()) / 2


@pytest.mark.parametrize("problem", [Problem(), WIDE], ids=["plain", "wide"])
@pytest.mark.parametrize("progress", [0.0, 0.05, 0.3, 1.0])
def test_the_features_get_the_domain_gradient_reversed_and_the_discriminator_gets_it_plain(problem, progress):
    run = trainer(DANN(hidden=16), ArticleNet(), problem=problem)
    batches = drawn(run, progress=progress)
    discriminator = run.modules["discriminator"]
    found = run.strategy.terms(batches, run.context)["domain"]
    expected = plain_domain_loss(*(discriminator(features) for features in features_of(run, batches)))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=0)
    plain = gradients(expected, torch.nn.ModuleDict({"network": run.network, "discriminator": discriminator}))
    both = gradients(found, torch.nn.ModuleDict({"network": run.network, "discriminator": discriminator}))
    strength = -reversed_strength(progress)
    for part, factor in (("discriminator.", 1.0), ("network.stages.", strength), ("network.heads.", 1.0)):
        one, other = ({n: g for n, g in given.items() if n.startswith(part)} for given in (both, plain))
        if part == "network.heads.":
            assert all(g is None for g in (*one.values(), *other.values())), "the domain loss does not see the heads"
        else:
            assert_same_gradients(one, other, factor)


def test_the_reversal_grows_with_the_part_of_this_run_that_is_done(monkeypatch):
    """However many steps the run has: p is a fraction of it."""
    for steps in (4, 10):
        seen = []
        original = DANN.terms

        def spy(self, batches, context, seen=seen, original=original):
            seen.append(context.progress)
            return original(self, batches, context)

        with monkeypatch.context() as patch:
            patch.setattr(DANN, "terms", spy)
            trained(DANN(), training=settings(steps))
        assert seen == pytest.approx([step / steps for step in range(steps)])


def test_a_discriminator_learns_to_tell_still_features_apart():
    """With weight only on the domain loss and no reversal yet, its loss falls below guessing."""
    run = trainer(DANN(hidden=32), ArticleNet())
    optimizer = torch.optim.Adam(run.modules.parameters(), lr=0.01)
    losses = []
    for _ in range(15):
        loss = run.strategy.terms(drawn(run, size=8), run.context)["domain"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(math.log(2), abs=0.05)
    assert np.mean(losses[-5:]) < 0.5


# ---------------------------------------------------------------------- CDAN


@pytest.mark.parametrize(
    ("form", "tasks", "product", "random"),
    [
        (SmallCNN(width=6), ("digit",), 3840, False),
        (SmallCNN(width=32), ("parity",), 4096, False),
        (SmallCNN(width=33), ("parity",), 4224, True),
        (SmallCNN(width=7), ("digit",), 4480, True),
        (SmallCNN(width=6), ("digit", "parity"), 4608, True),
        (ArticleNet(), ("parity",), 1024, False),
        (ArticleNet(), ("digit",), 5120, True),
    ],
    ids=str,
)
def test_the_random_map_stands_for_products_above_4096(form, tasks, product, random):
    problem = Problem(tasks=tasks)
    run = trainer(CDAN(hidden=16), form, problem=problem)
    first = run.modules["discriminator"][0].in_features
    assert ("maps" in run.modules) is random
    assert first == (RANDOM_WIDTH if random else product)
    if random:
        maps = dict(run.modules["maps"].named_buffers())
        assert not list(run.modules["maps"].parameters()), "the map is drawn once and not trained"
        assert maps["features"].shape[0] * maps["answers"].shape[0] == product
        assert maps["features"].shape[1] == maps["answers"].shape[1] == RANDOM_WIDTH
        for entries in maps.values():
            assert abs(entries.mean().item()) < 0.05
            assert entries.std().item() == pytest.approx(1, abs=0.05)
        before = {name: entries.clone() for name, entries in maps.items()}
        run.run()
        assert not differing(dict(run.modules["maps"].named_buffers()), before)


@pytest.mark.parametrize("tasks", [("parity",), ("digit",), ("digit", "parity")], ids=["full", "random", "two tasks"])
@pytest.mark.parametrize("certain", [True, False], ids=["+E", "plain"])
def test_cdans_discriminator_sees_features_and_answers_and_the_answers_get_no_gradient(tasks, certain):
    progress = 0.15
    run = trainer(CDAN(hidden=16, entropy=certain), ArticleNet(), problem=Problem(tasks=tasks))
    with torch.no_grad():
        for head in run.network.heads.values():
            head.weight.mul_(100)  # so that answers differ from each other
    batches = drawn(run, progress=progress)
    found = run.strategy.terms(batches, run.context)["domain"]
    logits, weights = [], []
    for features in features_of(run, batches):
        answers = [torch.softmax(run.network.heads[task](features), 1).detach() for task in tasks]
        g = torch.cat(answers, 1)
        if "maps" in run.modules:
            maps = run.modules["maps"]
            seen = (features @ maps.features) * (g @ maps.answers) / math.sqrt(RANDOM_WIDTH)
        else:
            seen = torch.stack([torch.outer(f, p).flatten() for f, p in zip(features, g, strict=True)])
        logits.append(run.modules["discriminator"](seen))
        raw = 1 + torch.exp((g * g.log()).sum(1))
        weights.append(raw / raw.mean() if certain else torch.ones(len(g)))
    assert not certain or weights[0].std() > 0.01
    expected = plain_domain_loss(*logits, *weights)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=0)
    both = torch.nn.ModuleDict({"network": run.network, "discriminator": run.modules["discriminator"]})
    reversed_there, plain = gradients(found, both), gradients(expected, both)
    for name in plain:
        if name.startswith("network.heads."):
            assert reversed_there[name] is None
        else:
            factor = -reversed_strength(progress) if name.startswith("network.") else 1.0
            assert_same_gradients({name: reversed_there[name]}, {name: plain[name]}, factor)


# ---------------------------------------------------------------------- MCD


@pytest.mark.parametrize("form", [SMALL, ArticleNet()], ids=lambda form: form.kind)
@pytest.mark.parametrize("optimizer", [settings().optimizer, SGD(lr=0.01, weight_decay=0.1)], ids=lambda o: o.kind)
@pytest.mark.parametrize("repeats", [1, 3])
def test_each_move_of_mcd_leaves_the_others_parameters_alone(form, optimizer, repeats):
    """Also where momentum or weight decay could move what has no gradient."""
    run = trainer(MCD(repeats=repeats), form, settings(2, optimizer=optimizer))
    update, seen = run._update, []

    def watched(move, batches):
        before = weights_of(run)
        terms = update(move, batches)
        seen.append((move.name, differing(before, weights_of(run)) & names, set(terms)))
        return terms

    names = {name for name, _ in run._named_parameters()}
    run._update = watched
    run.run()
    stages = {name for name in names if name.startswith("stages.")}
    heads = names - stages
    assert heads == {f"{where}.digit.{kind}" for where in ("heads", "modules.second") for kind in ("weight", "bias")}
    labels = {f"{SOURCE}/digit", f"{TARGET}/digit", "second"}
    step = [("learn", names, labels), ("heads", heads, labels | {"discrepancy"})]
    step += [("features", stages, {"discrepancy"})] * repeats
    assert seen == step * 2


def discrepancy_by_hand(features, one, other):
    p, q = (torch.softmax(head(features), 1) for head in (one, other))
    return sum((p[:, k] - q[:, k]).abs() for k in range(p.shape[1])).mean() / p.shape[1]


def test_a_step_of_mcd_is_the_three_updates_of_the_paper():
    """Plain gradient descent by hand on a copy: A both learn, B the heads seek, C the features avoid, k times."""
    run = trainer(MCD(repeats=2, weight=0.5), ArticleNet(), settings(2, optimizer=SGD(lr=0.1, momentum=0)))
    network, second = copy.deepcopy(run.network), copy.deepcopy(run.modules["second"]["digit"])
    generator, orders = run.generator.get_state(), {key: stream.order.clone() for key, stream in run.samplers.items()}
    run.optimizer = run._make_optimizer()
    run._train_step()
    run.generator.set_state(generator)
    for key, stream in run.samplers.items():
        stream.order = orders[key]
    batches = {key: Batch(*run.samplers[key].next_batch(4)) for key in (SOURCE, TARGET)}
    images, first = run.samplers[f"{TARGET}/unlabelled"].next_batch(4)[0], network.heads["digit"]

    def label_loss():
        losses = [
            F.cross_entropy(head(network.features(batch.inputs)), batch.labels["digit"]) / 2
            for batch in batches.values()
            for head in (first, second)
        ]
        return sum(losses)

    def descend(loss, *modules):
        parameters = [p for module in modules for p in module.parameters()]
        for p, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            p.data -= 0.1 * gradient

    descend(label_loss(), network.stages, first, second)
    descend(label_loss() - 0.5 * discrepancy_by_hand(network.features(images), first, second), first, second)
    for _ in range(2):
        descend(0.5 * discrepancy_by_hand(network.features(images), first, second), network.stages)
    for found, expected in (
        (run.network.state_dict(), network.state_dict()),
        (run.modules["second"]["digit"].state_dict(), second.state_dict()),
    ):
        for name in expected:
            torch.testing.assert_close(found[name], expected[name], rtol=1e-4, atol=1e-6)


def test_mcds_second_classifier_starts_elsewhere_than_the_first():
    run = trainer(MCD())
    first, second = run.network.heads["digit"], run.modules["second"]["digit"]
    assert first.weight.shape == second.weight.shape
    assert not torch.isclose(first.weight, second.weight, rtol=1e-3).all(1).any()


# ---------------------------------------------------------------------- AdaBN


@cache
def adapted(problem):
    """What was told of a run of AdaBN, with its weights as each phase began, and the target batches that it read."""
    read = []

    class Watched(AdaBN):
        def terms(self, batches, context):
            if not context.phase.trainable:
                read.extend(images.clone() for images in context.unlabelled.values())
            return super().terms(batches, context)

    return phases_of(Watched(source_share=0.4), problem=problem, training=settings(10)), read


@pytest.mark.parametrize("problem", [Problem(), WIDE], ids=["plain", "wide"])
def test_after_the_source_phase_adabn_moves_statistics_and_no_parameter(problem):
    told, read = adapted(problem)
    parameters = {name for name, _ in told.run.network.named_parameters()}
    statistics = {name for name in told.weights[1] if ".norm." in name} - parameters
    assert differing(told.weights[1], weights_of(told.run)) == statistics
    assert told.result.frozen_unchanged is True
    assert len(read) == 6 * len(problem.target)
    assert set(told.values("loss/total")) == {1, 2, 3, 4}, "what does not learn has no loss"
    assert [details["name"] for kind, _, details in told.events if kind == "phase"] == ["source", "statistics"]


@pytest.mark.parametrize("problem", [Problem(), WIDE], ids=["plain", "wide"])
def test_adabns_statistics_are_the_plain_mean_over_the_batches_of_its_phase(problem):
    told, read = adapted(problem)
    stages = told.run.network.stages
    met = {name: [] for name in stages}
    for images in read:
        x = images.double()
        for name, stage in stages.items():
            x = F.conv2d(x, stage.conv.weight.double(), padding=1)
            mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=1)
            met[name].append((mean, variance))
            count = x.numel() / x.shape[1]
            deviation = torch.sqrt(variance * (count - 1) / count + stage.norm.eps)
            x = (x - mean[:, None, None]) / deviation[:, None, None]
            x = x * stage.norm.weight.double()[:, None, None] + stage.norm.bias.double()[:, None, None]
            x = F.max_pool2d(x.clamp_min(0), 2)
    for name, stage in stages.items():
        means, variances = (torch.stack(kind).mean(0).float() for kind in zip(*met[name], strict=True))
        torch.testing.assert_close(stage.norm.running_mean, means, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(stage.norm.running_var, variances, rtol=1e-3, atol=1e-4)
        assert stage.norm.num_batches_tracked == len(read)
        assert stage.norm.momentum == 0.1, "torch's own again"


def test_until_the_first_target_batch_adabn_keeps_the_statistics_of_the_source():
    """The look at validation between the phases still reads these."""
    begun = adapted(Problem())[0].weights[1]
    counted = [tensor.item() for name, tensor in begun.items() if name.endswith("num_batches_tracked")]
    assert counted == [4, 4, 4]


@pytest.mark.parametrize("form", [ArticleNet(), LeNet()], ids=lambda form: form.kind)
def test_adabn_refuses_a_network_without_batch_norm(form):
    with pytest.raises(XferError) as caught:
        RunSpec(network=form, strategy=AdaBN()).check()
    assert (caught.value.code, caught.value.field) == ("no_batch_norm", "network.kind")
    assert "coral" in str(caught.value)
    RunSpec(network=LeNet(batch_norm=True), strategy=AdaBN()).check()
