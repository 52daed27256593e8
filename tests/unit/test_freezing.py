"""Fixed means bit-identical: every strategy that fixes, on every network, for every stage; and the check can fail."""

from __future__ import annotations

import pytest
import torch

from tests.support.training import NETWORK_CONFIGS, SMALL, At, differing, phases_of, settings, trainer, weights_of
from xfer_core.modalities import ImageInput
from xfer_core.networks import ArticleNet
from xfer_core.strategies import STRATEGIES
from xfer_core.strategies.transfer.fine_tune import FineTune
from xfer_core.training import SGD, Adam, Command
from xfer_core.training import trainer as loop_module
from xfer_core.training.freezing import freeze, state_hash

OUTPUTS = {"digit": 10}
FIXING = [cls for cls in STRATEGIES if "frozen" in cls.model_fields]


def parts(form):
    return tuple(form.build(ImageInput(3, 32, 32), OUTPUTS).freezable_units())


def names(form):
    return tuple(form.build(ImageInput(3, 32, 32), OUTPUTS).state_dict())


CASES = [(form, (part,)) for form in NETWORK_CONFIGS for part in parts(form)]
CASES += [(form, parts(form)[:2]) for form in NETWORK_CONFIGS]
CASES += [(SMALL, tuple(name for name in names(SMALL) if ".norm." not in name))]  # all but batch norm
CASES += [(SMALL, (name,)) for name in ("stages.conv2.conv.weight", "stages.conv2.norm.weight", "heads.digit.bias")]
CASES += [(ArticleNet(), ("stages.linear.1.bias",))]


OPTIMIZERS = (Adam(lr=0.01, weight_decay=0.1), SGD(weight_decay=0.1))


@pytest.mark.parametrize(
    ("form", "frozen", "optimizer"),
    [
        pytest.param(form, frozen, OPTIMIZERS[i % 2], id=f"{form.kind}-{','.join(frozen)[:40]}")
        for i, (form, frozen) in enumerate(CASES)
    ],
)
@pytest.mark.parametrize("strategy", FIXING)
def test_what_is_fixed_stays_and_everything_else_moves(strategy, form, frozen, optimizer):
    told = phases_of(strategy(frozen=frozen), network=form, training=settings(6, optimizer=optimizer))
    fixed = told.run.network.expand_names(frozen)
    assert fixed
    moved = differing(weights_of(told.run), told.weights[-1])
    assert moved == set(told.weights[-1]) - fixed
    assert told.result.frozen_unchanged is True


@pytest.mark.parametrize("buffer", ["running_mean", "running_var", "num_batches_tracked"])
def test_a_single_buffer_can_be_fixed(buffer):
    """Its siblings then stay too: batch norm keeps its statistics together or not at all."""
    name = f"stages.conv2.norm.{buffer}"
    told = phases_of(FineTune(frozen=(name,)), training=settings(6))
    moved = differing(weights_of(told.run), told.weights[-1])
    assert name not in moved
    assert "stages.conv2.norm.weight" in moved
    assert told.result.frozen_unchanged is True


def test_the_source_phase_moves_everything():
    told = phases_of(FineTune(frozen=("conv1",)), training=settings(6))
    assert differing(told.weights[1], told.weights[0]) == set(told.weights[0])


def test_the_check_notices_what_moves(monkeypatch):
    monkeypatch.setattr(loop_module, "freeze", lambda network, fixed: network.train())
    assert phases_of(FineTune(frozen=("conv1",))).result.frozen_unchanged is False


def test_the_check_notices_a_stage_whose_statistics_alone_move(monkeypatch):
    def only_gradients(network, fixed):  # what requires_grad alone does
        network.train()
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(name not in fixed)

    monkeypatch.setattr(loop_module, "freeze", only_gradients)
    assert phases_of(FineTune(frozen=("conv1",))).result.frozen_unchanged is False


def test_a_run_that_never_came_to_its_fixed_phase_claims_nothing(every_step):
    stopped = trainer(FineTune(frozen=("conv1",)), callback=At({1: [Command("stop")]})).run()
    assert (stopped.status, stopped.step, stopped.frozen_unchanged) == ("stopped", 1, None)
    assert trainer(FineTune(frozen=("conv1",)), training=settings(1)).run().frozen_unchanged is None


def test_a_run_that_was_stopped_while_fixed_is_checked(every_step):
    stopped = trainer(FineTune(frozen=("conv1",)), callback=At({3: [Command("stop")]})).run()
    assert (stopped.status, stopped.step, stopped.frozen_unchanged) == ("stopped", 3, True)


@pytest.mark.parametrize("form", NETWORK_CONFIGS, ids=lambda form: form.kind)
def test_fixing_puts_exactly_the_fixed_stages_in_evaluation(form):
    network = form.build(ImageInput(3, 32, 32), OUTPUTS)
    first = network.stages["conv1"]
    freeze(network, network.expand_names(["conv1"]))
    assert not any(module.training for module in first.modules() if module.state_dict())
    assert all(stage.training for name, stage in network.stages.items() if name != "conv1")
    assert {n for n, p in network.named_parameters() if not p.requires_grad} == {
        n for n, _ in network.named_parameters() if n.startswith("stages.conv1.")
    }
    freeze(network, frozenset())
    assert all(module.training for module in network.modules())
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_a_fingerprint_sees_every_bit_and_only_what_is_named():
    network = SMALL.build(ImageInput(3, 32, 32), OUTPUTS)
    name, other = "stages.conv1.conv.weight", "heads.digit.bias"
    before = state_hash(network, {name})
    tensors = network.state_dict()
    tensors[other].add_(1)
    assert state_hash(network, {name}) == before
    assert state_hash(network, {name, other}) != before
    value = tensors[name].view(-1)[5]
    value.copy_(torch.nextafter(value, torch.tensor(9.0)))
    assert state_hash(network, {name}) != before
    assert state_hash(network, set()) == state_hash(SMALL.build(ImageInput(3, 32, 32), OUTPUTS), set())
