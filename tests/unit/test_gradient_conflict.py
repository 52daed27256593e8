"""The conflict between gradients is that of the weighted labelled losses, and looking at it changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from xfer_core.runs.frames import FrameWriter
from xfer_core.runs.gradient_conflict import SAMPLES, GradientConflict
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.train import trainer_for
from xfer_core.training.callback import Command
from xfer_core.training.freezing import state_hash
from xfer_core.training.trainer import Trainer

MOONS = (
    'problem.source=["planar.moons"]', 'problem.target=["planar.moons?rotate=90"]', "network.kind=mlp",
    "network.width=4", "problem.labels_per_class=5", "training.steps=20", "training.precision=float32",
)  # fmt: skip


def trained(*settings: str) -> Trainer:
    trainer = trainer_for(parse_spec({}, (*MOONS, *settings)))
    trainer.run()
    return trainer


@pytest.fixture(scope="module")
def joint() -> Trainer:
    return trained("strategy.kind=joint")


def gradient(trainer: Trainer, domain: str, weight: float) -> np.ndarray:
    """Of the weighted loss of one domain in the hidden stages, by central differences in float64."""
    labelled = trainer.data.training[domain].labelled
    network = trainer.network.double().eval()
    parameters = [p for stage in network.stages.values() for p in stage.parameters()]

    def loss() -> float:
        with torch.no_grad():
            outputs = network(labelled.inputs[:SAMPLES].double())["class"]
            return weight * float(cross_entropy(outputs, labelled.labels["class"][:SAMPLES]))

    found = []
    for parameter in parameters:
        values = parameter.data.view(-1)
        for at in range(len(values)):
            kept = float(values[at])
            values[at] = kept + 1e-6
            above = loss()
            values[at] = kept - 1e-6
            found.append((above - loss()) / 2e-6)
            values[at] = kept
    network.float()
    return np.array(found)


def test_it_is_that_of_the_weighted_losses_in_the_shared_stages(joint: Trainer):
    source, target = joint.data.problem.roles()
    for name, weight in ((source, 0.2), (target, 0.8)):
        joint.live_settings.apply(Command("set", f"lambda/{name}/class", weight))
    joint.network.eval()
    found = GradientConflict(joint)()
    first, second = gradient(joint, source, 0.2), gradient(joint, target, 0.8)
    norms = np.linalg.norm(first), np.linalg.norm(second)
    assert found == pytest.approx([first @ second / norms[0] / norms[1], *norms], rel=1e-3, abs=1e-5)


def test_a_domain_that_weighs_nothing_has_no_gradient(joint: Trainer):
    source, _target = joint.data.problem.roles()
    joint.live_settings.apply(Command("set", f"lambda/{source}/class", 0.0))
    joint.network.eval()
    found = GradientConflict(joint)()
    assert found is not None
    assert found[:2] == [0, 0]
    assert found[2] > 0


def test_looking_changes_nothing(joint: Trainer, tmp_path):
    joint.network.train()
    for parameter in joint.network.parameters():
        parameter.grad = torch.ones_like(parameter)
    names = frozenset(joint.network.state_dict())
    before = state_hash(joint.network, names), torch.get_rng_state(), joint.generator.get_state()
    assert FrameWriter(tmp_path, joint)._frame()["conflict"] is not None
    assert state_hash(joint.network, names) == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])
    assert torch.equal(joint.generator.get_state(), before[2])
    assert all(p.grad is not None and (p.grad == 1).all() for p in joint.network.parameters())
    assert all(module.training for module in joint.network.modules())


@pytest.mark.parametrize(
    ("settings", "has_one"),
    [
        (["strategy.kind=dann"], True),
        (["strategy.kind=generalised"], True),
        (["strategy.kind=dann", "problem.labels_per_class=0"], False),
        (["strategy.kind=source_only"], False),
        (["strategy.kind=fine_tune"], False),
        (["strategy.kind=adabn"], False),
    ],
)
def test_only_methods_that_learn_from_labels_of_both_at_a_time_have_one(settings: list[str], has_one: bool):
    trainer = trained(*settings)
    trainer.network.eval()
    assert (GradientConflict(trainer)() is not None) == has_one


def test_numbers_that_are_not_finite_are_none(joint: Trainer):
    parameter = next(joint.network.parameters())
    kept = parameter.detach().clone()
    parameter.data.fill_(torch.nan)
    assert GradientConflict(joint)() is None
    parameter.data.copy_(kept)
