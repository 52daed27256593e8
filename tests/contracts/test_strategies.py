"""The contract that every strategy keeps on every network; then what is true of one strategy alone."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import get_args

import numpy as np
import pytest
import torch

from tests.support.training import (
    SMALL,
    SOURCE,
    TARGET,
    Recorder,
    differing,
    phases_of,
    settings,
    trained,
    trainer,
    weights_of,
)
from xfer_core.domains import load_domain
from xfer_core.networks import ArticleNet
from xfer_core.problems import problem as problem_module
from xfer_core.problems.problem import Problem
from xfer_core.strategies import STRATEGIES, AnyStrategy, Batch
from xfer_core.strategies.base import Family
from xfer_core.strategies.baselines.source_only import SourceOnly
from xfer_core.strategies.baselines.target_only import TargetOnly
from xfer_core.strategies.generalised.generalised import Generalised
from xfer_core.strategies.joint.joint import Joint
from xfer_core.strategies.transfer.fine_tune import FineTune
from xfer_core.training import SGD

NEEDS_BATCH_NORM = ("batch_norm_tuning", "adabn")


every_strategy = pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda cls: cls.kind_name())
RICH = Problem(target=(TARGET, "digits.noisy"), tasks=("digit", "parity"), labels_per_class=2)
S, T = f"{SOURCE}/digit", f"{TARGET}/digit"


@cache
def reference(strategy):
    """One run of the default problem: weights, result, what the observer heard, and whether a phase freezes."""
    told = Recorder()
    run = trainer(strategy(), callback=told)
    result = run.run()
    return weights_of(run), result, told, any(phase.frozen for phase in run.phases)


# ---------------------------------------------------------------------- the contract


def test_the_tuple_and_the_union_name_the_same_strategies():
    assert set(get_args(AnyStrategy)) == set(STRATEGIES)
    assert len({cls.kind_name() for cls in STRATEGIES}) == len(STRATEGIES)


@every_strategy
def test_a_strategy_teaches(strategy):
    lesson = strategy.__doc__
    assert len(re.findall(r"[.!?](\s|$)", lesson)) >= 3, "the docstring is the lesson"
    assert strategy.title.strip()
    assert strategy.family in get_args(Family)
    for name, field in strategy.model_fields.items():
        if name != "kind":
            assert field.title, f"{name} needs a title for the form"
            assert field.description, f"{name} needs a line of help"


@every_strategy
@pytest.mark.parametrize("problem", [Problem(), RICH], ids=["plain", "rich"])
def test_phases_and_terms(strategy, problem):
    """The rich problem on another network, where the strategy can be trained on it."""
    other = problem is RICH and strategy.kind_name() not in NEEDS_BATCH_NORM
    form = ArticleNet() if other else SMALL
    run = trainer(strategy(), form, problem=problem)
    lambdas = run.strategy.lambdas(problem)
    assert sum(phase.share for phase in run.phases) == pytest.approx(1)
    assert all(phase.share > 0 for phase in run.phases)
    assert len({phase.name for phase in run.phases}) == len(run.phases)
    assert all(value >= 0 for value in lambdas.values())
    named = set()
    parameters = dict(run._named_parameters())
    for phase in run.phases:
        assert phase.domains or phase.unlabelled
        assert phase.frozen <= set(run.network.state_dict())
        assert set(phase.lr_factors) <= {*parameters, *run.network.state_dict()}
        batches = {key: Batch(*run.samplers[key].next_batch(3)) for key in phase.domains}
        run.context.phase = phase
        run.context.unlabelled = {key: run.samplers[f"{key}/unlabelled"].next_batch(3)[0] for key in phase.unlabelled}
        run.strategy.on_phase_start(run.context)
        for move in phase.substeps:
            assert move.frozen <= set(parameters)
            run.context.substep = move.name
            terms = run.strategy.terms(batches, run.context)
            assert bool(terms) == phase.trainable
            for name, term in terms.items():
                assert term.shape in ((), (3,)), f"{name} is neither a scalar nor one value a sample"
                assert torch.isfinite(term).all()
                assert term.requires_grad
            named |= set(terms)
    assert named == set(lambdas)


@every_strategy
def test_a_run_reaches_its_end_and_measures_what_the_contract_names(strategy):
    _, result, told, freezes = reference(strategy)
    assert (result.status, result.step) == ("finished", settings().steps)
    assert result.frozen_unchanged is (True if freezes else None), "where nothing is frozen nothing is claimed"
    assert set(result.metrics) == {f"accuracy/{key}/digit/test" for key in (SOURCE, TARGET)}
    assert all(0 <= value <= 1 for value in result.metrics.values())
    logged = {name for name, _, _ in told.points}
    assert {f"accuracy/{key}/digit/validation" for key in (SOURCE, TARGET)} < logged
    lambdas = strategy().lambdas(Problem())
    for kind in ("loss", "weighted", "lambda"):
        names = {name.partition("/")[2] for name in logged if name.startswith(f"{kind}/")}
        assert names - {"total"} == set(lambdas)
    assert told.values("loss/total")
    for step, total in told.values("loss/total").items():
        parts = [told.values(f"weighted/{term}").get(step, 0.0) for term in lambdas]
        assert total == pytest.approx(sum(parts), rel=1e-5)
    for term, value in lambdas.items():
        losses = told.values(f"loss/{term}")
        assert losses
        set_by_method = told.values(f"lambda/{term}") if strategy.sets_loss_weights() else {}
        for step, loss in losses.items():
            expected = set_by_method[step] if strategy.sets_loss_weights() else value
            assert told.values(f"weighted/{term}")[step] == pytest.approx(expected * loss, rel=1e-5)


@every_strategy
def test_another_seed_gives_another_run(strategy):
    assert differing(trained(strategy(), seed=1), reference(strategy)[0])


@every_strategy
def test_the_same_spec_gives_the_same_bits_whatever_the_labels_outside_the_budget(strategy, monkeypatch):
    """Nor does it depend on what happened in the process before."""
    weights, _, told, _ = reference(strategy)
    clean = problem_module.split_problem(Problem(), 0)
    poison = {key: [] for key in clean.training}
    for (key, _), samples in clean.held_out.items():
        poison[key] += samples.example_ids.tolist()
    late = clean.training[TARGET].unlabelled[200:]  # by then the budget of every class is used up
    photos = load_domain(TARGET)
    number = {image.numpy().tobytes(): int(o) for image, o in zip(photos.inputs, photos.example_ids, strict=True)}
    poison[TARGET] += [number[image.numpy().tobytes()] for image in late]
    assert len(late) > 150

    def poisoned(key, field="domain"):
        domain = load_domain(key, field)
        task = domain.tasks["digit"]
        wrong = torch.isin(domain.example_ids, torch.tensor(poison[key]))
        labels = torch.where(wrong, (task.labels + 3) % 10, task.labels)
        return replace(domain, tasks={"digit": replace(task, labels=labels)})

    monkeypatch.setattr(problem_module, "load_domain", poisoned)
    torch.manual_seed(99)
    again = Recorder()
    run = trainer(strategy(), data=None, callback=again)
    for key, domain in run.data.training.items():
        assert torch.equal(domain.labelled.example_ids, clean.training[key].labelled.example_ids)
    part = run.data.held_out[TARGET, "test"]
    assert (part.labels["digit"] != clean.held_out[TARGET, "test"].labels["digit"]).all()
    run.run()
    assert not differing(weights_of(run), weights)
    other = ("samples_per_second", "accuracy/")  # of a clock, and of the labels that were changed
    seen = [sorted(p for p in heard.points if not p[0].startswith(other)) for heard in (told, again)]
    assert seen[0] == seen[1]


# ---------------------------------------------------------------------- baselines


def test_source_only_does_not_see_the_target_and_target_only_not_the_source():
    """The other domain shows the same originals, so only its pixels change."""
    assert not differing(trained(SourceOnly()), trained(SourceOnly(), problem=Problem(target=("digits.noisy",))))
    assert not differing(trained(TargetOnly()), trained(TargetOnly(), problem=Problem(source=("digits.noisy",))))


# ---------------------------------------------------------------------- fine-tuning


def test_fine_tuning_first_learns_as_source_only_does():
    told = phases_of(FineTune(), training=settings(8))
    assert [(e[1], e[2]["name"]) for e in told.events if e[0] == "phase"] == [(0, "source"), (4, "target")]
    assert not differing(told.weights[1], trained(SourceOnly(), training=settings(4)))
    assert set(told.values(f"loss/{S}")) == {1, 2, 3, 4}
    assert set(told.values(f"loss/{T}")) == {5, 6, 7, 8}


def test_the_share_of_the_source_and_the_targets_own_rate():
    told = phases_of(FineTune(source_share=0.25, target_lr=0.125), training=settings(8))
    assert told.events[1][1] == 2
    assert told.values("lr") == {0: 0.01, 2: 0.125, 8: 0.125}


def test_a_new_head_begins_again_and_nothing_else_does():
    kept, new = (phases_of(FineTune(new_head=wanted)).weights[1] for wanted in (False, True))
    assert differing(kept, new) == {"heads.digit.weight", "heads.digit.bias"}
    assert float(new["heads.digit.weight"].std()) == pytest.approx(float(kept["heads.digit.weight"].std()), rel=0.2)


# ---------------------------------------------------------------------- joint


@pytest.mark.parametrize("strategy", [Joint(weights={S: 1.0}), Joint(weights={S: 0.0, T: 2.0})])
def test_a_term_of_weight_zero_adds_nothing_to_the_gradient(strategy):
    """On a network without batch norm, where samples do not see each other."""
    run = trainer(strategy, ArticleNet())
    batches = {key: Batch(*run.samplers[key].next_batch(5)) for key in (SOURCE, TARGET)}

    def gradient(weights, given):
        run.network.zero_grad()
        terms = run.strategy.terms(given, run.context)
        sum(weights[name] * term.mean() for name, term in terms.items()).backward()
        return [p.grad.clone() for p in run.network.parameters()]

    weights = strategy.lambdas(run.data.problem)
    one = next(name for name, value in weights.items() if value)
    alone = gradient({one: weights[one]}, {one.partition("/")[0]: batches[one.partition("/")[0]]})
    for together, expected in zip(gradient(weights, batches), alone, strict=True):
        torch.testing.assert_close(together, expected, rtol=1e-3, atol=1e-6)


def test_doubling_every_weight_is_halving_the_rate_for_sgd():
    """Powers of two change no digit, so this holds to the last bit, momentum included."""
    single, double = (
        trained(Joint(weights={S: c * 0.75, T: c * 0.5}), training=settings(optimizer=SGD(lr=0.0625 / c)))
        for c in (1, 2)
    )
    assert not differing(single, double)


@pytest.mark.parametrize("strategy", [Joint(), Joint(weights={T: 1}), Generalised(), Generalised(weights={TARGET: 1})])
def test_together_with_nobody_is_from_scratch(strategy):
    """With one domain, one task and uniform weights the sums have one term: the same run to the last bit."""
    alone = Problem(source=())
    assert not differing(trained(strategy, problem=alone), trained(TargetOnly(), problem=alone))


def test_default_weights_are_equal_shares():
    assert Joint().lambdas(RICH) == pytest.approx(dict.fromkeys(Joint().lambdas(RICH), 1 / 6))
    assert Generalised().lambdas(RICH) == pytest.approx({SOURCE: 1 / 3, TARGET: 1 / 3, "digits.noisy": 1 / 3})
    assert Joint(weights={T: 0.5}).lambdas(Problem()) == {S: 0.0, T: 0.5}


def test_a_source_of_weight_zero_can_still_be_turned_up_without_target_labels():
    problem = Problem(source=(SOURCE, "digits.noisy"), labels_per_class=0)
    for strategy in (Joint(weights={S: 1}), Generalised(weights={SOURCE: 1})):
        assert trainer(strategy, problem=problem).phases[0].domains == problem.source


# ---------------------------------------------------------------------- generalised


@pytest.mark.parametrize("problem", [Problem(), RICH, Problem(source=(), tasks=("parity",))])
@pytest.mark.parametrize("scheme", ["uniform", "class_balanced", "hard"])
def test_sample_weights_sum_to_the_weight_of_their_domain(scheme, problem):
    given = {key: 0.5 + i for i, key in enumerate((*problem.source, *problem.target))}
    run = trainer(Generalised(weights=given, scheme=scheme), problem=problem)
    run.run()
    shares = run.sample_weights()
    assert shares.keys() == given.keys()
    for key, share in shares.items():
        assert len(share) == len(run.data.training[key].labelled)
        assert share.sum().item() == pytest.approx(given[key], rel=1e-4)
        assert (share >= 0).all()
        assert (share.std() < 1e-7) == (scheme == "uniform" or (scheme == "class_balanced" and _even(run, key)))


def _even(run, key):
    counts = [torch.bincount(y) for y in run.data.training[key].labelled.labels.values()]
    return all(len(c.unique()) == 1 for c in counts)


def test_only_generalised_gives_every_sample_a_weight():
    assert [cls for cls in STRATEGIES if trainer(cls()).sample_weights()] == [Generalised]


@pytest.mark.parametrize("scheme", ["uniform", "class_balanced", "hard"])
def test_a_domains_term_is_its_weighted_losses(scheme):
    run = trainer(Generalised(scheme=scheme, gamma=1.5), ArticleNet())
    batches = {key: Batch(*run.samplers[key].next_batch(6)) for key in (SOURCE, TARGET)}
    terms = run.strategy.terms(batches, run.context)
    for key, batch in batches.items():
        logits = run.network(batch.inputs)["digit"].detach().double().numpy()
        labels = batch.labels["digit"].numpy()
        p = np.exp(logits - logits.max(1, keepdims=True))
        p = (p / p.sum(1, keepdims=True))[np.arange(6), labels]
        counts = np.bincount(run.data.training[key].labelled.labels["digit"].numpy())
        hard = (1 - p) ** 1.5
        w = {"uniform": np.ones(6), "class_balanced": counts.sum() / (10 * counts[labels]), "hard": hard / hard.mean()}
        np.testing.assert_allclose(terms[key].detach().numpy(), w[scheme] * -np.log(p), rtol=1e-3)


def test_gamma_zero_is_uniform():
    assert not differing(trained(Generalised(scheme="hard", gamma=0)), trained(Generalised()))
