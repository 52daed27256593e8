"""Outputs of frozen stages: computed once, the same results as without, found again, bounded, and paused in between."""

from __future__ import annotations

import os

import pytest
import torch

from tests.support.training import TARGET, small_problem
from xfer_core.networks import EfficientNetLite0
from xfer_core.problems.problem import Problem
from xfer_core.strategies.transfer.fine_tune import FineTune
from xfer_core.strategies.transfer.linear_probe import LinearProbe
from xfer_core.training import Adam, Command, NullCallback, Trainer, TrainingConfig
from xfer_core.training.frozen_features import FeatureStore, FrozenFeatures, frozen_stages

ALONE = Problem(source=(), target=(TARGET,), labels_per_class=2)
NETWORK = EfficientNetLite0(start="random", side=32)
TRAINING = TrainingConfig(
    steps=6, batch_size=8, evaluations=2, augment=(), optimizer=Adam(lr=0.01), precision="float32", device="cpu"
)


@pytest.fixture(autouse=True)
def _own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("XFER_HOME", str(tmp_path))


def trainer(strategy, callback=None, training=TRAINING):
    return Trainer(ALONE, NETWORK, strategy, training, 0, callback, data=small_problem(ALONE, 0))


def count_stem(monkeypatch):
    """How many samples pass the first stage, of all trainers made from now on."""
    seen = []
    forward = torch.nn.Sequential.forward

    def counted(self, x):
        if len(self) and type(self[0]).__name__ == "PreparedImage":
            seen.append(len(x))
        return forward(self, x)

    monkeypatch.setattr(torch.nn.Sequential, "forward", counted)
    return seen


@pytest.mark.parametrize(
    "strategy", [LinearProbe(), FineTune(frozen=("stem", "block1", "block2"))], ids=lambda strategy: strategy.kind
)
def test_results_are_those_of_a_run_that_computes_them_at_every_step(monkeypatch, strategy):
    cached = trainer(strategy)
    seen = count_stem(monkeypatch)
    result = cached.run()
    held_out = sum(len(part) for part in cached.data.held_out.values())
    assert sum(seen) == held_out + 20  # each sample once: two labels of ten classes
    seen.clear()
    again = trainer(strategy).run()
    assert seen == []  # all found in the folder
    assert again.metrics == result.metrics
    monkeypatch.setattr(EfficientNetLite0, "caches_features", False)
    plain = trainer(strategy)
    expected = plain.run()
    assert sum(seen) > 6 * 8
    assert result.frozen_unchanged
    assert result.metrics == pytest.approx(expected.metrics, abs=0.051)  # two of 40 samples
    for name, value in plain.network.state_dict().items():
        torch.testing.assert_close(cached.network.state_dict()[name], value, atol=2e-3, rtol=2e-3)


def test_with_augmentation_every_step_computes_them(monkeypatch):
    seen = count_stem(monkeypatch)
    training = TRAINING.model_copy(update={"augment": ("shift",)})
    run = trainer(LinearProbe(), training=training)
    run.run()
    assert sum(seen) > 6 * 8
    assert run.network.given == 0


class PausesOnce(NullCallback):
    def __init__(self):
        self.progress = []

    def on_metrics(self, points, progress):
        self.progress.append(progress)

    def commands(self):
        return [Command("pause")] if "features" in (self.progress or [{}])[-1] else ()


def test_it_can_be_paused_meanwhile_and_goes_on_with_what_is_there(monkeypatch, tmp_path):
    monkeypatch.setattr("xfer_core.training.trainer.REPORT_SECONDS", 0)
    monkeypatch.setattr("xfer_core.training.frozen_features.CHUNK", 16)
    callback = PausesOnce()
    result = trainer(LinearProbe(), callback).run()
    assert (result.status, result.step) == ("paused", 0)
    (done, total) = next(progress["features"] for progress in callback.progress if "features" in progress)
    assert 0 < done < total
    stored = set(tmp_path.glob("features/*.npy"))
    assert len(stored) == 1
    seen = count_stem(monkeypatch)
    assert trainer(LinearProbe()).run().status == "finished"
    assert sum(seen) == total - done


def test_the_folder_keeps_its_limit_and_the_oldest_go_first(tmp_path):
    store = FeatureStore(tmp_path, 1)
    for age, key in enumerate("abc"):
        store.save(key, torch.full((110, 1000), float(age)))  # 0.44 MB
        os.utime(tmp_path / f"{key}.npy", (age, age))
    assert store.load("a") is not None  # now the newest
    store.shrink()
    assert sorted(file.stem for file in tmp_path.glob("*.npy")) == ["a", "c"]
    FeatureStore(tmp_path / "none", 0).save("a", torch.zeros(4))
    assert not (tmp_path / "none").exists()


def test_a_damaged_file_is_computed_again(tmp_path):
    store = FeatureStore(tmp_path, 1)
    store.save("a", torch.rand(4, 3))
    whole = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(whole[:-5])
    assert store.load("a") is None


def test_other_weights_other_sizes_and_other_samples_have_other_files(tmp_path):
    data = small_problem(ALONE, 0)
    inputs = data.held_out[TARGET, "test"].inputs[:4]

    def compute(form, seed, inputs):
        torch.manual_seed(seed)
        network = form.build(data.input_spec, {"digit": 10}).eval()
        store = FeatureStore(tmp_path, 10)
        features = FrozenFeatures(
            network, 9, "float32", lambda x: data.input_spec.to_float(x, torch.device("cpu")), store
        )
        list(features.chunks(inputs))
        return len(list(tmp_path.glob("*.npy")))

    assert compute(NETWORK, 0, inputs) == compute(NETWORK, 0, inputs) == 1
    assert compute(NETWORK, 1, inputs) == 2
    assert compute(EfficientNetLite0(start="random", side=40), 1, inputs) == 3
    assert compute(NETWORK, 1, inputs[:3]) == 4


def test_only_first_stages_that_are_frozen_whole_count():
    network = NETWORK.build(small_problem(ALONE, 0).input_spec, {"digit": 10})
    assert frozen_stages(network, frozenset()) == 0
    assert frozen_stages(network, network.expand_names(["stem", "block1", "block3"])) == 2
    assert frozen_stages(network, network.expand_names(network.stages)) == 9
    part = network.expand_names(["stem"]) - {"stages.stem.2.running_mean"}
    assert frozen_stages(network, part) == 0
