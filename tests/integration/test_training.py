"""The loop: phases, what it logs, live knobs, precision, and that looking at a run does not change it."""

from __future__ import annotations

import math

import pytest
import torch

from tests.support.training import (
    NETWORK_CONFIGS,
    SMALL,
    SOURCE,
    TARGET,
    At,
    Recorder,
    differing,
    phases_of,
    settings,
    trained,
    trainer,
    weights_of,
)
from xfer_core.errors import XferError
from xfer_core.names import is_accuracy
from xfer_core.networks import ArticleNet
from xfer_core.problems.problem import Problem, TrainingData
from xfer_core.strategies import STRATEGIES, Phase
from xfer_core.strategies.baselines.target_only import TargetOnly
from xfer_core.strategies.joint.joint import Joint
from xfer_core.strategies.joint.uncertainty_weighting import UncertaintyWeighting
from xfer_core.strategies.transfer.fine_tune import FineTune
from xfer_core.training import SGD, Adam, Command
from xfer_core.training import trainer as loop_module
from xfer_core.training.device import has_bf16, select_device, select_precision
from xfer_core.training.evaluation import Evaluator, predict, preview_samples
from xfer_core.training.phases import phase_ends

S, T = f"{SOURCE}/digit", f"{TARGET}/digit"


# ---------------------------------------------------------------------- phases


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 10, 401, 1000])
@pytest.mark.parametrize("shares", [(1.0,), (0.5, 0.5), (0.99, 0.01), (1e-6, 1 - 1e-6), (0.9, 0.05, 0.05), (1, 1, 1)])
def test_phase_ends(shares, steps):
    ends = phase_ends([Phase(str(i), (), share) for i, share in enumerate(shares)], steps)
    assert ends[-1] == steps
    lengths = [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
    if steps >= len(shares):
        assert min(lengths) >= 1, "every phase gets a step if there are enough"
        for share, length in zip(shares, lengths, strict=True):
            assert abs(length - share / sum(shares) * steps) <= len(shares)
    else:
        assert lengths == [1] * steps + [0] * (len(shares) - steps)


def test_every_phase_runs_however_small_its_share():
    told = phases_of(FineTune(source_share=0.99, new_head=True, frozen=("conv1",)))
    assert [(step, details["name"]) for kind, step, details in told.events if kind == "phase"] == [
        (0, "source"),
        (3, "target"),
    ]
    assert told.result.frozen_unchanged is True


@pytest.mark.parametrize("steps", [1, 2, 7])
@pytest.mark.parametrize("evaluations", [1, 3, 1000])
def test_any_number_of_steps_and_looks_works(steps, evaluations):
    told = Recorder()
    result = trainer(FineTune(), training=settings(steps, evaluations=evaluations), callback=told).run()
    assert (result.status, result.step) == ("finished", steps)
    assert set(told.values("loss/total")) == set(range(1, steps + 1))
    looks = set(told.values(f"accuracy/{T}/validation"))
    assert {0, steps} <= looks
    assert len(looks) >= min(evaluations, steps)


def test_a_strategy_is_never_given_a_held_out_sample(monkeypatch):
    seen = []
    for method in ("phases", "modules", "state"):
        original = getattr(FineTune, method)

        def spy(self, data, *rest, original=original):
            seen.append((type(data), hasattr(data, "held_out")))
            return original(self, data, *rest)

        monkeypatch.setattr(FineTune, method, spy)
    trainer(FineTune()).run()
    assert seen == 3 * [(TrainingData, False)]


# ---------------------------------------------------------------------- looking does not touch


@pytest.mark.parametrize("strategy", [FineTune(frozen=("conv1",)), Joint()], ids=lambda s: s.kind)
def test_looking_more_often_changes_no_weight(strategy, every_step):
    once, often = (trained(strategy, training=settings(6, evaluations=n)) for n in (1, 6))
    assert not differing(once, often)


def test_measuring_leaves_modes_statistics_and_generator_alone():
    run = trainer(FineTune(frozen=("conv1", "stages.conv2.norm.running_mean")))
    run.run()
    modes = [module.training for module in run.network.modules()]
    assert len(set(modes)) == 2
    weights, generator = weights_of(run), run.generator.get_state()
    for split in ("validation", "test"):
        Evaluator(run.data, run.device, "float32").evaluate(run.network, split)
    run.sample_weights()
    assert [module.training for module in run.network.modules()] == modes
    assert not differing(weights_of(run), weights)
    assert torch.equal(run.generator.get_state(), generator)


def test_accuracy_is_the_fraction_of_right_answers(monkeypatch):
    run = trainer(Joint(), problem=Problem(unseen=("digits.noisy",), tasks=("digit", "parity")))
    result = run.run()
    assert sum(map(is_accuracy, result.metrics)) == 3 * 2
    monkeypatch.setattr("xfer_core.training.evaluation.CHUNK", 7)
    for (domain, split), samples in run.data.held_out.items():
        outputs = predict(run.network, run.network.spec.to_float(samples.inputs, run.device), run.device, "float32")
        for task, logits in outputs.items():
            right = sum(row.argmax() == label for row, label in zip(logits, samples.labels[task], strict=True))
            if split == "test":
                expected = int(right) / len(samples)
                assert result.metrics[f"accuracy/{domain}/{task}/test"] == pytest.approx(expected, abs=1e-6)


def test_an_unseen_domain_is_looked_at_as_all_are_and_every_test_comes_once():
    told = Recorder()
    trainer(Joint(), problem=Problem(unseen=("digits.noisy",)), callback=told).run()
    accuracies = {name: told.values(name) for name, _, _ in told.points if name.startswith("accuracy/")}
    assert set(accuracies["accuracy/digits.noisy/digit/validation"]) == {0, 4}
    assert set(accuracies["accuracy/digits.noisy/digit/test"]) == {4}
    assert set(accuracies[f"accuracy/{T}/test"]) == {4}


def test_a_long_run_logs_fewer_points(monkeypatch):
    monkeypatch.setattr(loop_module, "CURVE_POINTS", 3)
    told = Recorder()
    trainer(TargetOnly(), training=settings(6), callback=told).run()
    assert set(told.values("loss/total")) == {2, 4, 6}


def test_a_run_that_seldom_logs_still_says_how_far_it_is(every_step, monkeypatch):
    monkeypatch.setattr(loop_module, "CURVE_POINTS", 1)
    steps = []

    class Listener(Recorder):
        def on_metrics(self, points, progress) -> None:
            steps.append(progress["step"])

    trainer(TargetOnly(), training=settings(6, evaluations=1), callback=Listener()).run()
    assert set(steps) == set(range(7))


# ---------------------------------------------------------------------- knobs


@pytest.mark.parametrize(
    ("strategy", "name", "value"),
    [(Joint(), f"lambda/{T}", 3.0), (Joint(), f"lambda/{S}", 0.0), (FineTune(), "lr", 0.5)],
)
def test_a_knob_changes_the_run_from_its_step_on(strategy, name, value, every_step):
    seen = {}

    class Watch(At):
        def on_metrics(self, points, progress):
            super().on_metrics(points, progress)
            seen.setdefault(self.label, {})[self.step] = weights_of(self.run)

    for label, plan in (("left alone", {}), ("turned", {2: [Command("set", name, value)]})):
        told = Watch(plan)
        told.label = label
        told.run = trainer(strategy, callback=told, training=settings(5))
        told.run.run()
    assert not differing(seen["left alone"][2], seen["turned"][2])
    assert differing(seen["left alone"][3], seen["turned"][3])
    assert told.values(name)[2] == value
    assert ("set", 2, {"name": name, "value": value}) in told.events
    if name.startswith("lambda/"):
        term = name.removeprefix("lambda/")
        for step in (3, 4, 5):
            expected = value * told.values(f"loss/{term}")[step]
            assert told.values(f"weighted/{term}")[step] == pytest.approx(expected, rel=1e-6)


def test_a_knob_at_step_zero_is_the_same_as_asking_for_it(every_step):
    turned = At({0: [Command("set", f"lambda/{S}", 0.25), Command("set", "lr", 0.003)]})
    run = trainer(Joint(), callback=turned)
    run.run()
    asked = Joint(weights={S: 0.25, T: 0.5})
    optimizer = settings().optimizer.model_copy(update={"lr": 0.003})
    assert not differing(weights_of(run), trained(asked, training=settings(optimizer=optimizer)))


def test_the_rate_falls_along_a_cosine_in_each_phase_from_whatever_a_person_set(every_step):
    plan = {6: [Command("set", "lr", 0.5)]}
    told = At(plan)
    told.run = trainer(FineTune(target_lr=0.2), training=settings(8, schedule="cosine", evaluations=8), callback=told)
    told.run.run()
    falling = [0.5 * (1 + math.cos(math.pi * step / 4)) for step in range(4)]
    expected = {0: 0.01, 1: 0.01, 2: 0.01 * falling[1], 3: 0.01 * falling[2], 4: 0.2, 5: 0.2}
    expected |= {6: 0.5 * falling[2], 7: 0.5 * falling[2], 8: 0.5 * falling[3]}
    assert told.values("lr") == pytest.approx(expected)
    assert told.run.optimizer.param_groups[0]["lr"] == pytest.approx(0.5 * falling[3])
    assert told.run.live_settings.state()["lr"] == 0.5, "the slider shows what the person set"


def test_stop_measures_and_pause_does_not(every_step):
    stopped = trainer(Joint(), callback=At({2: [Command("stop")]})).run()
    paused = trainer(Joint(), callback=At({2: [Command("pause")]})).run()
    assert (stopped.status, stopped.step, bool(stopped.metrics)) == ("stopped", 2, True)
    assert (paused.status, paused.step, paused.metrics) == ("paused", 2, {})


# ---------------------------------------------------------------------- when it breaks


def test_a_loss_that_is_not_finite_ends_the_run_and_says_where(every_step, tmp_path):
    told = Recorder()
    wild = settings(40, optimizer=SGD(lr=10))
    run = trainer(FineTune(), ArticleNet(), wild, callback=told, checkpoint=tmp_path / "c.pt")
    with pytest.raises(XferError) as caught:
        run.run()
    error = caught.value
    assert (error.code, error.field) == ("not_finite_loss", S)
    step = error.params["step"]
    assert not math.isfinite(told.values(f"loss/{S}")[step]), "the broken point is told before the run ends"
    assert all(math.isfinite(value) for at, value in told.values(f"loss/{S}").items() if at < step)
    assert f"at step {step} (phase source)" in str(error)
    assert not (tmp_path / "c.pt").exists(), "nothing broken is saved"


@pytest.mark.parametrize(("points", "step", "blamed"), [(4000, 4, T), (2, 6, S)], ids=["each step", "every third"])
def test_the_term_that_broke_is_blamed_not_the_sum(points, step, blamed, monkeypatch):
    """Where only some steps are told, the next one tells: by then every term is broken."""
    monkeypatch.setattr(loop_module, "CURVE_POINTS", points)
    original = Joint.terms

    def poisoned(self, batches, context):
        terms = original(self, batches, context)
        terms[T] = terms[T] * (math.nan if context.progress == 0.5 else 1)
        return terms

    monkeypatch.setattr(Joint, "terms", poisoned)
    with pytest.raises(XferError) as caught:
        trainer(Joint(), training=settings(6)).run()
    assert (caught.value.field, caught.value.params["step"]) == (blamed, step)


# ---------------------------------------------------------------------- device and precision


def test_bf16_runs_on_any_processor_and_the_result_says_so():
    run = trainer(Joint(), training=settings(precision="bf16"))
    result = run.run()
    assert result.precision == "bf16"
    assert all(parameter.dtype == torch.float32 for parameter in run.network.parameters())
    exact = trained(Joint())
    assert differing(weights_of(run), exact)
    for name, tensor in weights_of(run).items():
        if name.endswith("weight"):
            torch.testing.assert_close(tensor, exact[name], atol=0.1, rtol=0.1)


def test_auto_takes_bf16_only_where_it_is_fast():
    cpu = torch.device("cpu")
    assert select_precision("auto", cpu) == ("bf16" if has_bf16(cpu) else "float32")
    assert select_precision("float32", cpu) == "float32"
    assert select_precision("bf16", cpu) == "bf16"
    assert not has_bf16(torch.device("mps"))
    with pytest.raises(XferError) as caught:
        select_precision("bf16", torch.device("mps"))
    assert caught.value.code == "no_precision"
    assert select_device("cpu") == cpu
    with pytest.raises(XferError) as caught:
        select_device("cuda:63")
    assert "auto, " in str(caught.value)
    assert "found cuda:63." in str(caught.value)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda cls: cls.kind_name())
def test_the_result_counts_what_was_trained(strategy):
    run = trainer(strategy())
    result = run.run()
    lengths = [end - begin for begin, end in zip([0, *run.ends], run.ends, strict=False)]
    batches = [n * len((*phase.domains, *phase.unlabelled)) for n, phase in zip(lengths, run.phases, strict=True)]
    assert run.samples == 4 * sum(batches)
    assert sum(lengths) == 4
    assert result.samples_per_second > 0
    assert result.seconds > 0
    assert (result.device, result.precision, result.threads) == ("cpu", "float32", 1)


def test_weights_are_kept_channels_last():
    run = trainer(Joint(), SMALL)
    run.run()
    convolution = run.network.stages["conv2"].conv.weight
    assert convolution.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("optimizer", [Adam(weight_decay=0.5), SGD(weight_decay=0.5)], ids=lambda o: o.kind)
@pytest.mark.parametrize("network", NETWORK_CONFIGS, ids=lambda form: form.kind)
def test_weight_decay_acts_on_matrices_and_kernels_alone(network, optimizer):
    """Not on biases, on batch norm, nor on what uncertainty weighting learns about its losses."""
    run = trainer(UncertaintyWeighting(), network=network, training=settings(1, optimizer=optimizer))
    run.run()
    decay = {id(p): group["weight_decay"] for group in run.optimizer.param_groups for p in group["params"]}
    learned = {**dict(run.network.named_parameters()), **dict(run.modules.named_parameters("modules"))}
    assert len(decay) == len(learned)
    decayed = {name for name, parameter in learned.items() if decay[id(parameter)] > 0}
    assert decayed == {name for name in learned if name.endswith("weight") and ".norm." not in name}
    assert any(name.startswith("modules.") for name in set(learned) - decayed)


@pytest.mark.parametrize("optimizer", [Adam, SGD], ids=lambda o: o.__name__)
def test_a_step_with_weight_decay_moves_biases_and_batch_norm_as_one_without(optimizer):
    without, with_decay = (
        trained(TargetOnly(), training=settings(1, optimizer=optimizer(lr=0.01, weight_decay=decay)))
        for decay in (0.0, 0.5)
    )
    assert differing(without, with_decay) == {name for name, value in without.items() if value.ndim > 1}


# ---------------------------------------------------------------------- answers to a few samples


def test_a_run_tells_what_it_says_to_one_validation_sample_of_each_class():
    told = Recorder()
    run = trainer(FineTune(), training=settings(4), callback=told)
    run.run()
    samples = run.data.held_out[TARGET, "validation"]
    places = preview_samples(run.data)
    labels = samples.labels["digit"]
    assert labels[places].tolist() == sorted(set(labels.tolist()))
    for label, place in zip(labels[places].tolist(), places.tolist(), strict=True):
        assert place == labels.tolist().index(label), "the first of its class"
    outputs = predict(
        run.network, run.network.spec.to_float(samples.inputs[places], run.device), run.device, run.precision
    )["digit"]
    assert told.progress["answers"] == outputs.argmax(1).tolist()


def test_no_answers_are_told_of_a_task_that_asks_for_a_number():
    told = Recorder()
    trainer(Joint(), problem=Problem(tasks=("tilt",)), training=settings(2), callback=told).run()
    assert told.progress["answers"] == []
