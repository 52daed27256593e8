"""What a worker keeps of its network on the way, and the network that it leaves."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from tests.support.training import differing
from xfer_core.errors import XferError
from xfer_core.execution.worker import run_here
from xfer_core.runs.artifacts import WEIGHTS
from xfer_core.runs.load_network import load_network, load_trained_network
from xfer_core.runs.snapshots import MAX_SNAPSHOTS, snapshots
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import RUNNING
from xfer_core.workspace import current_workspace

SMALL = ["network.width=4", "training.batch_size=4", "training.precision=float32", "training.device=cpu"]


def trained(store, *given: str) -> str:
    run = store.create(parse_spec({}, [*SMALL, *given]), status=RUNNING)
    assert run_here(store, run, 1) is not None
    return run


def test_a_run_keeps_its_network_as_each_phase_begins_and_at_few_looks(store):
    run = trained(store, "training.steps=40", "training.evaluations=40")
    kept = snapshots(run)
    assert [one.step for one in kept if one.phase is not None] == [0, 20]
    looks = [one.step for one in kept if one.phase is None]
    assert len(looks) <= MAX_SNAPSHOTS + 1
    assert (looks[0], looks[-1]) == (0, 40)
    assert not differing(kept[0].state(), kept[1].state()), "at step 0 a look and a phase see the same"
    assert differing(kept[0].state(), kept[-1].state())
    assert [(one.step, one.phase is not None) for one in kept] == sorted((o.step, o.phase is not None) for o in kept)


def test_the_last_look_is_the_network_that_is_left_under_the_rule_last(store):
    run = trained(store, "training.steps=6", "training.evaluations=2")
    left = load_file(current_workspace().artifacts(run) / WEIGHTS)
    assert not differing(snapshots(run)[-1].state(), left)


def test_what_is_fixed_is_the_same_in_every_snapshot_of_its_phase(store):
    run = trained(store, "training.steps=20", "training.evaluations=10", 'strategy.frozen=["conv1"]')
    states = [one.state() for one in snapshots(run) if one.step >= 10 and one.phase != 0]
    assert len(states) > 2
    for state in states[1:]:
        assert not any(name.startswith("stages.conv1.") for name in differing(states[0], state))
    assert differing(states[0], states[-1])


def test_a_finished_network_answers_as_the_trained_one(store):
    run = trained(store, "training.steps=6", "training.evaluations=1")
    network = load_trained_network(store.get(run))
    assert not network.training
    before = torch.random.get_rng_state()
    again = load_network(store.get(run).typed_spec, snapshots(run)[-1].state())
    assert torch.equal(torch.random.get_rng_state(), before), "making a network leaves the global generator alone"
    images = torch.rand(3, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(network(images)["digit"], again(images)["digit"])


def test_without_weights_or_snapshots_one_sentence_says_so(store):
    run = store.create(RunSpec())
    with pytest.raises(XferError, match=r"trained to an end.*it is queued"):
        load_trained_network(store.get(run))
    with pytest.raises(XferError, match="before snapshots were kept"):
        snapshots(run)
