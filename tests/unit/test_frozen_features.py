"""Outputs of frozen stages: computed once, the same results as without, found again, bounded, and paused in between."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch

from tests.support.training import TARGET, small_problem
from xfer_core.networks import EfficientNetLite0
from xfer_core.problems.problem import Problem
from xfer_core.strategies.transfer.fine_tune import FineTune
from xfer_core.strategies.transfer.linear_probe import LinearProbe
from xfer_core.training import Adam, Command, NullCallback, Trainer, TrainingConfig
from xfer_core.training.frozen_features import CHUNK, FeatureStore, FrozenFeatures

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
    parts = [20, *map(len, cached.data.held_out.values())]  # two labels of ten classes
    assert seen == [CHUNK] * sum(-(-part // CHUNK) for part in parts), "each sample once"
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
    second = trainer(LinearProbe())
    assert second.run().status == "finished"
    parts = [20, *map(len, second.data.held_out.values())]
    assert seen == [16] * (sum(-(-part // 16) for part in parts) - 1)


def keys(names):
    return [name.encode() * 32 for name in names]


def test_the_folder_keeps_its_limit_and_the_oldest_go_first(tmp_path):
    for age, name in enumerate("abc"):
        FeatureStore(tmp_path, 1, name).save(keys(name), np.full((1, 110_000), age, np.float32))  # 0.44 MB
        os.utime(next(tmp_path.glob(f"{name}-*.npy")), (age, age))
    assert FeatureStore(tmp_path, 1, "a").load(keys("a")), "now the newest"
    FeatureStore(tmp_path, 1, "a").shrink()
    assert sorted(file.name[0] for file in tmp_path.glob("*.npy")) == ["a", "c"]
    FeatureStore(tmp_path / "none", 0, "a").save(keys("a"), np.zeros((1, 4), np.float32))
    assert not (tmp_path / "none").exists()


def test_a_sample_is_found_among_others_and_one_that_another_process_deleted_is_missing(tmp_path):
    FeatureStore(tmp_path, 1, "w").save(keys("ab"), np.array([[0, 1], [2, 3]], np.float32))
    FeatureStore(tmp_path, 1, "w").save(keys("c"), np.array([[4, 5]], np.float32))
    store = FeatureStore(tmp_path, 1, "w")
    found = store.load(keys("cbx"))
    assert {key[:1]: value.tolist() for key, value in found.items()} == {b"c": [4, 5], b"b": [2, 3]}
    store.places[keys("c")[0]][0].unlink()
    assert set(store.load(keys("bc"))) == set(keys("b"))
    assert FeatureStore(tmp_path, 1, "other").load(keys("b")) == {}


@pytest.mark.parametrize("left", [5, 100, -5])
def test_a_damaged_file_is_computed_again(tmp_path, left):
    FeatureStore(tmp_path, 1, "w").save(keys("ab"), np.ones((2, 300), np.float32))
    (file,) = tmp_path.glob("*.npy")
    before = FeatureStore(tmp_path, 1, "w")
    file.write_bytes(file.read_bytes()[:left])
    assert FeatureStore(tmp_path, 1, "w").load(keys("a")) == {}
    assert before.load(keys("a")) == {}


def test_other_weights_and_other_sizes_compute_anew_and_the_same_samples_are_found(tmp_path, monkeypatch):
    data = small_problem(ALONE, 0)
    inputs = data.held_out[TARGET, "test"].inputs[:20]
    seen = count_stem(monkeypatch)

    def compute(form, seed, inputs):
        torch.manual_seed(seed)
        network = form.build(data.input_spec, {"digit": 10}).eval()
        given = FrozenFeatures(
            network, 9, "float32", lambda x: data.input_spec.to_float(x, torch.device("cpu")), tmp_path, 10
        )
        seen.clear()
        return torch.cat(list(given.chunks(inputs)))

    whole = compute(NETWORK, 0, inputs)
    assert seen == [CHUNK]
    assert torch.equal(compute(NETWORK, 0, inputs.flip(0)[3:7]), whole.flip(0)[3:7])
    assert seen == [], "in any order, and without the others"
    compute(NETWORK, 1, inputs)
    assert seen == [CHUNK]
    compute(EfficientNetLite0(start="random", side=40), 1, inputs)
    assert seen == [CHUNK]


def test_an_output_does_not_depend_on_what_was_there_already(tmp_path):
    data = small_problem(ALONE, 0)
    inputs = data.held_out[TARGET, "test"].inputs[:30]
    network = NETWORK.build(data.input_spec, {"digit": 10}).eval()

    def compute(folder, inputs):
        return torch.cat(
            list(
                FrozenFeatures(
                    network, 9, "float32", lambda x: data.input_spec.to_float(x, torch.device("cpu")), folder, 10
                ).chunks(inputs)
            )
        )

    compute(tmp_path / "some", inputs[::7])
    assert torch.equal(compute(tmp_path / "some", inputs), compute(tmp_path / "none", inputs))
