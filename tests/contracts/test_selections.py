"""Which step counts: scores against numpy, what a rule may see, and that the reported network is that of its step."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest
import torch

from tests.support.training import (
    PAUSE,
    SOURCE,
    TARGET,
    At,
    Recorder,
    attempts,
    differing,
    interrupt_at,
    settings,
    trainer,
    weights_of,
)
from xfer_core.errors import XferError, format_error
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import RunSpec
from xfer_core.selections import RULES, SELECTIONS, Kind, ValidationView
from xfer_core.selections import soft_neighbourhood_density as density_module
from xfer_core.selections.base import LabelFree
from xfer_core.strategies.joint.joint import Joint
from xfer_core.strategies.transfer.fine_tune import FineTune
from xfer_core.training import Command, TrainingConfig
from xfer_core.training.evaluation import predict
from xfer_core.training.selector import ModelSelector, applicable_rules

INVERTED, NOISY, ROTATED = "digits.inverted", "digits.noisy", "digits.rotated"
TWO_OF_EACH = Problem(source=(SOURCE, INVERTED), target=(TARGET, NOISY), tasks=("digit", "parity"))
WITH_UNSEEN = Problem(unseen=(NOISY, ROTATED))
NO_LABELS = Problem(labels_per_class=0)
NO_SOURCE = Problem(source=())
TILT = Problem(tasks=("tilt", "digit"))
LABEL_FREE = tuple(kind for kind, rule in RULES.items() if isinstance(rule, LabelFree))

every_rule = pytest.mark.parametrize("rule", RULES)
every_label_free = pytest.mark.parametrize("rule", LABEL_FREE)


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def scores(monkeypatch):
    """Give a rule these scores by step instead of its own."""

    def give(rule, by_step):
        monkeypatch.setattr(type(RULES[rule]), "score", lambda self, step, seen: by_step(step))

    return give


@pytest.fixture
def looks(monkeypatch):
    """Step → the network as it was when a chooser looked, in the order of the looks."""
    seen, original = {}, ModelSelector.update

    def spy(self, step, network, evaluator):
        seen[step] = {name: value.clone() for name, value in network.state_dict().items()}
        original(self, step, network, evaluator)

    monkeypatch.setattr(ModelSelector, "update", spy)
    return seen


def softmax(logits):
    raised = np.exp(logits - logits.max(1, keepdims=True))
    return raised / raised.sum(1, keepdims=True)


def score(rule, *logits):
    """A label-free rule's score of these domains."""
    return RULES[rule].score(1, {str(i): ValidationView(torch.tensor(z)) for i, z in enumerate(logits)})


# ---------------------------------------------------------------------- scores


def numpy_entropy(p):
    return -sum(q * math.log(q) for q in p if q > 0)


def numpy_information(logits):
    p = softmax(logits)
    return numpy_entropy(p.mean(0)) - np.mean([numpy_entropy(row) for row in p])


def numpy_density(logits):
    unit, entropies = [row / np.linalg.norm(row) for row in softmax(logits)], []
    for i, one in enumerate(unit):
        near = [math.exp(sum(one * other) / 0.05) for j, other in enumerate(unit) if j != i]
        entropies.append(numpy_entropy([value / sum(near) for value in near]))
    return np.mean(entropies)


BY_NUMPY = {
    "entropy": lambda logits: -np.mean([numpy_entropy(row) for row in softmax(logits)]),
    "information_maximisation": numpy_information,
    "soft_neighbourhood_density": numpy_density,
}


@every_label_free
@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_a_label_free_score_is_numpys_and_a_mean_over_domains(rule, scale, random):
    one, other = random.normal(size=(23, 5)) * scale, random.normal(size=(8, 5)) * scale
    assert score(rule, one) == pytest.approx(BY_NUMPY[rule](one), rel=1e-6, abs=1e-12)
    assert score(rule, one, other) == pytest.approx((score(rule, one) + score(rule, other)) / 2, rel=1e-12)
    assert score(rule, random.permutation(one)) == pytest.approx(score(rule, one), rel=1e-9, abs=1e-12)
    assert score(rule, one[:, ::-1].copy() + 3) == pytest.approx(score(rule, one), rel=1e-9, abs=1e-12)


CERTAIN = 1e4 * np.eye(4, dtype=np.float32).repeat(5, 0)  # five samples of each class
COLLAPSED = 1e4 * np.eye(4, dtype=np.float32)[[2] * 20]
GUESSING = np.zeros((20, 4), dtype=np.float32)


@pytest.mark.parametrize(
    ("rule", "certain", "collapsed", "guessing"),
    [
        ("entropy", 0, 0, -math.log(4)),
        ("information_maximisation", math.log(4), 0, 0),
        ("soft_neighbourhood_density", math.log(4), math.log(19), math.log(19)),
    ],
)
def test_the_extremes_of_each_score_are_known(rule, certain, collapsed, guessing):
    """Four other certain answers are like each, fifteen are e^{−20} as near; of a collapse all 19 others are alike."""
    assert score(rule, CERTAIN) == pytest.approx(certain, abs=1e-5)
    assert score(rule, COLLAPSED) == pytest.approx(collapsed, abs=1e-5)
    assert score(rule, GUESSING) == pytest.approx(guessing, abs=1e-5)


def test_of_many_samples_only_the_first_are_compared(random, monkeypatch):
    logits = random.normal(size=(20, 4))
    monkeypatch.setattr(density_module, "MOST", 12)
    assert score("soft_neighbourhood_density", logits) == pytest.approx(numpy_density(logits[:12]), rel=1e-9)
    assert abs(numpy_density(logits[:12]) - numpy_density(logits)) > 0.01


@pytest.mark.parametrize("rule", ["source_validation", "target_validation", "oracle"])
def test_rules_with_labels_score_right_answers_or_small_errors(rule):
    right = ValidationView(torch.eye(4)[[0, 1, 2, 3]], torch.tensor([0, 1, 2, 0]))
    wrong = ValidationView(torch.eye(4), torch.arange(4).flip(0))
    assert RULES[rule].score(1, {"a": right}) == 0.75
    assert RULES[rule].score(1, {"a": right, "b": wrong}) == 0.375
    near = ValidationView(torch.tensor([[1.0], [-2.0]]), torch.tensor([1.5, -4.0]))
    assert RULES[rule].score(1, {"a": near}) == -1.25


def test_every_list_of_rules_names_the_same():
    kinds = [form.kind_name() for form in SELECTIONS]
    assert list(RULES) == kinds
    assert all(list(get_args(names)) == kinds for names in (Kind, TrainingConfig.model_fields["selection"].annotation))
    assert [type(rule) for rule in RULES.values()] == list(SELECTIONS)
    assert all(rule.kind == kind and rule.title and type(rule).__doc__ for kind, rule in RULES.items())
    assert TrainingConfig().selection == "last"


# ---------------------------------------------------------------------- what a rule may see


def looked(problem, **more):
    """A run whose evaluator has just looked at validation."""
    run = trainer(Joint(), problem=problem, **more)
    run.evaluator.evaluate(run.network, "validation")
    return run


def truth_of(run, domain):
    """What the network says of a domain's validation samples in the first task, and what is right."""
    part, task = run.data.held_out[domain, "validation"], run.data.problem.tasks[0]
    return predict(run.network, run.network.spec.to_float(part.inputs, run.device), run.device, "float32")[
        task
    ], part.labels[task]


DOMAINS = {
    "last": lambda problem: (),
    "source_validation": lambda problem: problem.source,
    "target_validation": lambda problem: problem.target,
    **dict.fromkeys(LABEL_FREE, lambda problem: problem.target),
    "oracle": lambda problem: problem.unseen or problem.target,
}


@every_rule
@pytest.mark.parametrize("problem", [Problem(), TWO_OF_EACH, WITH_UNSEEN, TILT], ids=["two", "four", "unseen", "tilt"])
def test_a_rule_is_given_its_domains_in_the_first_task_and_nothing_else(rule, problem):
    run = looked(problem)
    seen = run.evaluator.validation_view(RULES[rule])
    assert tuple(seen) == DOMAINS[rule](problem)
    for key, answers in seen.items() if rule != "target_validation" else ():
        outputs, labels = truth_of(run, key)
        assert torch.equal(answers.outputs, outputs)
        assert answers.labels is None if rule in LABEL_FREE else torch.equal(answers.labels, labels)


@pytest.mark.parametrize(
    ("problem", "each", "classes"),
    [(Problem(), 5, 10), (Problem(labels_per_class=1), 1, 10), (Problem(tasks=("parity", "digit")), 5, 2)],
    ids=["five", "one", "parity"],
)
def test_few_target_labels_are_as_many_of_each_class_as_training_has(problem, each, classes):
    run = looked(problem, data=None)
    (answers,) = run.evaluator.validation_view(RULES["target_validation"]).values()
    assert torch.bincount(answers.labels).tolist() == [each] * classes
    outputs, labels = truth_of(run, TARGET)
    at = [n for n, y in enumerate(labels) if (labels[:n] == y).sum() < each]  # the first of each
    assert torch.equal(answers.outputs, outputs[at])
    assert torch.equal(answers.labels, labels[at])


@pytest.mark.parametrize(("problem", "count"), [(Problem(labels_per_class="all"), 40), (TILT, 5)], ids=["all", "tilt"])
def test_a_budget_of_all_shows_all_and_a_number_counts_as_one_class(problem, count):
    (answers,) = looked(problem).evaluator.validation_view(RULES["target_validation"]).values()
    assert len(answers.outputs) == len(answers.labels) == count


@every_label_free
def test_a_label_free_rule_that_asks_for_labels_is_told_off(rule, monkeypatch):
    monkeypatch.setattr(type(RULES[rule]), "score", lambda self, step, seen: seen[TARGET].score())
    with pytest.raises(TypeError, match="not to be seen"):
        trainer(Joint(), training=settings(selection=rule)).run()


# ---------------------------------------------------------------------- the chooser


def chosen(steps):
    """A chooser that has looked at these steps; the network is a single number, that of its step."""
    network, evaluator = torch.nn.Linear(1, 1, bias=False), looked(Problem()).evaluator
    chooser = ModelSelector(Problem(), "oracle")
    for step in range(1, steps + 1):
        network.weight.data.fill_(step)
        chooser.update(step, network, evaluator)
        assert set(chooser.best_states) == {when for when, _ in chooser.best.values()}, "kept is what is wanted"
        assert all(state["weight"].item() == when for when, state in chooser.best_states.items())
    return chooser


@pytest.mark.parametrize(
    ("given", "step"), [([1, 3, 3, 2], 3), ([2, 2, 2, 2], 4), ([5, 1, 4, 3], 1), ([-3, -1, -2, -1.5], 2)]
)
def test_the_highest_score_counts_and_of_equals_the_later(given, step, scores):
    scores("oracle", lambda at: given[at - 1])
    best = chosen(4).best
    assert best["oracle"] == (step, max(given))
    assert best["last"] == (4, 4)


def test_a_chooser_goes_on_from_what_it_saved(scores):
    scores("oracle", lambda at: -abs(at - 2))
    one, again = chosen(3), ModelSelector(Problem(), "oracle")
    again.restore(one.state())
    assert (again.best, again.best_states) == (one.best, one.best_states)
    assert again.best["oracle"] == (2, 0)


EARLY = {"joint": (Joint(), 2), "fine_tune": (FineTune(), 6)}  # the first look that counts, at every second step


@pytest.mark.parametrize("rule", ["oracle", "source_validation", "entropy"])
@pytest.mark.parametrize("name", EARLY)
def test_the_reported_network_is_that_of_the_step_to_the_last_bit(rule, name, scores, looks, every_step):
    strategy, first = EARLY[name]
    scores(rule, lambda step: -step)
    run = trainer(strategy, training=settings(8, evaluations=4, selection=rule))
    result = run.run()
    assert result.step == 8
    assert result.selection[rule]["step"] == first
    assert not differing(weights_of(run), looks[first])
    assert differing(looks[first], looks[8])
    stopped = trainer(strategy, training=settings(8, evaluations=4), callback=At({first: [Command("stop")]}))
    assert stopped.run().metrics == result.metrics
    assert not differing(weights_of(run), weights_of(stopped)), "a run that ends at that step is the same"


def test_with_the_rule_last_choosing_changes_nothing(monkeypatch, looks):
    run = trainer(Joint(), training=settings(6, evaluations=3))
    result = run.run()
    assert not differing(weights_of(run), looks[6])
    monkeypatch.setattr(ModelSelector, "finalize", lambda self, network, evaluator: {})
    untouched = trainer(Joint(), training=settings(6, evaluations=3))
    assert untouched.run().metrics == result.metrics
    assert not differing(weights_of(run), weights_of(untouched))


def test_a_look_at_an_earlier_phase_never_counts(scores, looks):
    """Fine-tuning: four steps on the source, four on the target."""
    for rule in RULES:
        scores(rule, lambda step: -step)
    told = Recorder()
    result = trainer(FineTune(), training=settings(8, evaluations=8, selection="oracle"), callback=told).run()
    assert set(told.values(f"accuracy/{TARGET}/digit/validation")) == set(range(9))
    assert list(looks) == [5, 6, 7, 8]
    assert {found["step"] for found in result.selection.values()} == {5}


@pytest.mark.parametrize(("step", "steps"), [(2, set()), (4, set()), (5, {5}), (7, {6, 7})])
def test_a_run_stopped_before_its_last_phase_has_chosen_nothing(step, steps, every_step, looks):
    training = settings(8, evaluations=4, selection="oracle")
    run = trainer(FineTune(), training=training, callback=At({step: [Command("stop")]}))
    result = run.run()
    paused = trainer(FineTune(), training=training, callback=At({step: PAUSE}))
    paused.run()
    assert (result.status, result.step, bool(result.metrics)) == ("stopped", step, True)
    assert set(looks) == steps, "the step at which it was stopped is looked at too"
    if not steps:
        assert result.selection == {}
        assert not differing(weights_of(run), weights_of(paused)), "the network stays as it is"
    else:
        assert result.selection["last"]["step"] == step
        assert not differing(weights_of(run), looks[result.selection["oracle"]["step"]])


# ---------------------------------------------------------------------- the table of a run

FITTING = {
    "default": (Problem(), set(RULES)),
    "unseen": (WITH_UNSEEN, set(RULES)),
    "no labels": (NO_LABELS.model_copy(update={"unseen": (NOISY,)}), set(RULES) - {"target_validation"}),
    "no source": (NO_SOURCE, set(RULES) - {"source_validation"}),
    "tilt": (TILT, set(RULES) - set(LABEL_FREE)),
}


@pytest.mark.parametrize("name", FITTING)
def test_a_run_tells_what_every_rule_that_fits_would_have_chosen(name):
    """Whichever rule decides, all tables are the same, and the metrics are those that the table promises of it."""
    problem, fitting = FITTING[name]
    assert set(applicable_rules(problem)) == fitting
    tables, strategy = [], Joint(weights={f"{key}/{problem.tasks[0]}": 1 for key in problem.source or problem.target})
    for rule in fitting:
        result = trainer(strategy, problem=problem, training=settings(6, evaluations=6, selection=rule)).run()
        metric, sign = ("error", -1) if problem.tasks[0] == "tilt" else ("accuracy", 1)
        judged = [f"{metric}/{key}/{problem.tasks[0]}/test" for key in problem.unseen or problem.target]
        expected = sign * np.mean([result.metrics[name] for name in judged])
        assert result.selection[rule]["value"] == pytest.approx(expected, rel=1e-6)
        tables.append(result.selection)
    assert set(tables[0]) == fitting
    assert all(table == tables[0] for table in tables)
    assert all(1 <= found["step"] <= 6 for found in tables[0].values())
    assert tables[0]["last"]["step"] == 6
    assert len({found["step"] for found in tables[0].values()}) > 1, "rules that all agree would show nothing"


@pytest.mark.parametrize("strategy", [Joint(), FineTune()], ids=lambda s: s.kind)
def test_a_paused_or_killed_run_chooses_the_same(strategy, tmp_path, every_step, scores):
    """The rule that decides takes a step that was seen before the last pause."""
    first = 6 if strategy.kind == "fine_tune" else 2
    scores("oracle", lambda step: -step)
    training = settings(8, evaluations=4, selection="oracle")
    alone = trainer(strategy, training=training)
    expected = alone.run()
    assert expected.selection["oracle"]["step"] == first
    run, result, _ = attempts(strategy, training, tmp_path / "paused.pt", (1, 3, 7))
    assert (result.selection, result.metrics) == (expected.selection, expected.metrics)
    assert not differing(weights_of(run), weights_of(alone))
    assert interrupt_at(7, strategy, training, tmp_path / "killed.pt")[1] == 6
    for _ in range(2):  # and once more when it has already ended
        run = trainer(strategy, training=training, checkpoint=tmp_path / "killed.pt")
        result = run.run()
        assert (result.selection, result.metrics) == (expected.selection, expected.metrics)
        assert not differing(weights_of(run), weights_of(alone))


def test_a_stopped_run_that_is_resumed_all_the_same_goes_on_from_its_last_step(tmp_path, every_step, scores, looks):
    """A worker that breaks as it writes the artifacts of a stopped run leaves it as failed, and that can be resumed."""
    scores("oracle", lambda step: -step)
    training = settings(8, evaluations=4, selection="oracle")
    stop, path = At({5: [Command("stop")]}), tmp_path / "c.pt"
    trainer(Joint(), training=training, callback=stop, checkpoint=path).run()
    trainer(Joint(), training=training, checkpoint=path).run()
    resumed = looks.pop(8)
    trainer(Joint(), training=training).run()
    assert not differing(resumed, looks[8])


# ---------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("rule", "problem", "what", "instead"),
    [
        ("target_validation", NO_LABELS, "target labels, and the label budget is 0", "entropy"),
        ("source_validation", NO_SOURCE, "a source domain", "last"),
        *((rule, TILT, "classes", "source_validation") for rule in LABEL_FREE),
    ],
)
def test_a_rule_without_what_it_looks_at_is_refused(rule, problem, what, instead):
    strategy = Joint(weights={f"{key}/{problem.tasks[0]}": 1 for key in problem.source or problem.target})
    with pytest.raises(XferError) as caught:
        RunSpec(problem=problem, strategy=strategy, training=TrainingConfig(selection=rule)).check()
    assert (caught.value.code, caught.value.field) == ("rule_needs", "training.selection")
    advice = f"This works: set training.selection to {instead}."
    sentence = f"training.selection needs {what}; found {rule}. {advice}"
    assert format_error(caught.value) == sentence
    RunSpec(problem=problem, strategy=strategy, training=TrainingConfig(selection=instead)).check()


@pytest.mark.parametrize(
    "problem",
    [
        NO_LABELS,
        NO_SOURCE,
        TILT,
        pytest.param(Problem(labels_per_class=0, tasks=("tilt",))),  # entropy
        pytest.param(Problem(source=(), tasks=("tilt",))),  # source_validation
    ],
    ids=["no labels", "no source", "tilt", "tilt without labels", "tilt without source"],
)
def test_the_rule_that_is_named_instead_fits(problem):
    fitting = applicable_rules(problem)
    for rule in set(RULES) - set(fitting):
        with pytest.raises(XferError) as caught:
            RULES[rule].check(problem)
        assert caught.value.candidates[0]["training.selection"] in fitting
