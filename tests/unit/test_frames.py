"""Frames of a network of points in the plane show what the network is, and do not grow without end."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from xfer_core.domains import domain_info, load_domain
from xfer_core.runs import frames
from xfer_core.runs.frames import KEPT, SIZE, UNIT_SIZE, FrameWriter, read_frames, window_of
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.train import trainer_for
from xfer_core.training.callback import Command
from xfer_core.training.evaluation import predict
from xfer_core.training.trainer import Trainer

MOONS = (
    'problem.source=["planar.moons"]', 'problem.target=["planar.moons?rotate=40"]', "network.kind=mlp",
    "network.width=4", "network.depth=2", "training.steps=20", "training.precision=float32",
)  # fmt: skip


def numbers(text: str, kind: type[np.generic] = np.uint8) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), kind)


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    trainer = trainer_for(parse_spec({}, (*MOONS, 'strategy.frozen=["hidden1"]')))
    trainer.run()
    return trainer


@pytest.fixture
def writer(trainer: Trainer, tmp_path: Path) -> FrameWriter:
    return FrameWriter(tmp_path, trainer)


def test_the_window_holds_every_point_and_is_a_square():
    keys = ("planar.moons", "planar.moons?shift_x=2")
    window = window_of(keys)
    points = torch.cat([load_domain(key).inputs for key in keys])
    assert window.left < points[:, 0].min() and points[:, 0].max() < window.right  # noqa: PT018
    assert window.bottom < points[:, 1].min() and points[:, 1].max() < window.top  # noqa: PT018
    assert window.right - window.left == pytest.approx(window.top - window.bottom)
    grid = window.grid(3)
    assert grid[0, 1] > grid[-1, 1], "the first row is the top one"
    assert grid[1, 0] > grid[0, 0]


def test_a_frame_shows_the_network(writer: FrameWriter, trainer: Trainer):
    modes = [module.training for module in trainer.network.modules()]
    writer.watch(8)
    (frame,), _place = read_frames(writer.path)
    assert frame["step"] == 20
    boundary = numbers(frame["boundary"])
    raw = window_of(tuple(trainer.data.problem.roles())).grid(SIZE)
    inputs = trainer.data.input_spec.to_float(
        trainer.data.encoder(domain_info("planar.moons").spec, raw), trainer.device
    )
    expected = predict(trainer.network, inputs, trainer.device, "float32")["class"].softmax(1)
    assert (boundary // 32).tolist() == expected.argmax(1).tolist()
    sure = (boundary % 32) / 31
    assert sure == pytest.approx(2 * expected.max(1).values.numpy() - 1, abs=0.02)
    assert [(unit["stage"], unit["frozen"], unit["count"]) for unit in frame["units"]] == [
        ("hidden1", True, 4), ("hidden2", False, 4),
    ]  # fmt: skip
    first, second = frame["units"]
    assert len(numbers(first["maps"])) == 4 * UNIT_SIZE**2
    assert (len(numbers(first["weights"])), len(numbers(second["weights"]))) == (2 * 4, 4 * 4)
    for key in trainer.data.problem.roles():
        points = numbers(frame["features"][key]["points"], np.int8)
        labels = trainer.data.held_out[key, "validation"].labels["class"][:100]
        assert len(points) == 2 * len(labels)
        assert numbers(frame["features"][key]["labels"]).tolist() == labels.tolist()
    assert [module.training for module in trainer.network.modules()] == modes


def test_a_frame_has_the_distance_between_the_domains(writer: FrameWriter, trainer: Trainer):
    distance = writer._frame()["distance"]
    trainer.network.eval()
    source, target = (
        trainer.network.features(trainer.data.held_out[key, "validation"].inputs[:100].float())
        .double()
        .detach()
        .numpy()
        for key in trainer.data.problem.roles()
    )
    both = np.concatenate([source, target])
    squared = ((both[:, None] - both[None]) ** 2).sum(2)
    scale = squared.sum() / (len(both) * (len(both) - 1))
    kernel = np.mean([np.exp(-squared / (m * scale)) for m in (0.25, 0.5, 1, 2, 4)], 0)
    n, apart = len(source), ~np.eye(len(both), dtype=bool)
    expected = kernel[:n, :n][apart[:n, :n]].mean() + kernel[n:, n:][apart[n:, n:]].mean() - 2 * kernel[:n, n:].mean()
    assert distance == pytest.approx(max(expected, 0), abs=1e-5)
    assert distance > 0.01, "the test could not fail"
    trainer.network.train()


def test_features_that_are_not_finite_have_no_distance(writer: FrameWriter):
    domains = list(writer.trainer.data.problem.roles())
    assert writer._distance({domains[0]: torch.ones(3, 2), domains[1]: torch.full((3, 2), torch.nan)}) is None
    assert writer._distance({domains[0]: torch.ones(3, 2), domains[1]: torch.ones(1, 2)}) is None
    assert writer._distance({domains[0]: torch.ones(3, 2)}) is None
    assert writer._distance(dict.fromkeys(domains, torch.rand(3, 2))) == 0, "chance may make it negative"


def test_nothing_is_made_unless_somebody_watches(writer: FrameWriter):
    writer()
    assert not writer.path.exists()
    assert not writer.is_left
    writer.watch(8)
    writer()
    assert len(read_frames(writer.path)[0]) == 1, "of one network one frame"


def test_a_run_that_nobody_watches_any_more_is_left(writer: FrameWriter, monkeypatch):
    now = 100.0
    monkeypatch.setattr(frames.time, "monotonic", lambda: now)
    assert writer.hear([]) == []
    writer.hear([Command("allow", value=1)])  # played, and the page went before it asked for frames
    now += 20
    assert writer.hear([]) == []
    writer.hear([Command("frames", value=8)])
    now += 37
    assert not writer.is_left
    now += 2
    assert writer.hear([Command("stop")]) == [Command("stop")], "never in place of what somebody wants"
    assert writer.hear([]) == [Command("pause")]


def test_a_network_that_breaks_has_a_frame(writer: FrameWriter, trainer: Trainer):
    with torch.no_grad():
        weight = trainer.network.get_parameter("stages.hidden2.linear.weight")
        before = weight.clone()
        weight.fill_(torch.nan)
        writer.watch(8)
        weight.copy_(before)
    assert [frame["step"] for frame in read_frames(writer.path)[0]] == [20]


def test_reading_goes_on_where_it_was(writer: FrameWriter):
    writer._add({"step": 1})
    writer._add({"step": 2})
    first, place = read_frames(writer.path)
    assert [frame["step"] for frame in first] == [1, 2]
    assert read_frames(writer.path, place) == ([], place)
    with writer.path.open("a") as file:
        file.write('{"step":3}\n{"st')
    later, place = read_frames(writer.path, place)
    assert [frame["step"] for frame in later] == [3]
    with writer.path.open("a") as file:
        file.write('ep":4}\n')
    assert [frame["step"] for frame in read_frames(writer.path, place)[0]] == [4]


def test_a_long_run_keeps_every_second_frame(writer: FrameWriter):
    for step in range(5 * KEPT):
        writer._add({"step": step})
    steps = [frame["step"] for frame in read_frames(writer.path)[0]]
    assert len(steps) <= 2 * KEPT
    assert steps == sorted(set(steps))
    assert (steps[0], steps[-1]) == (0, 5 * KEPT - 1)
    assert max(np.diff(steps)) <= 8, "the whole run is there"


def test_a_run_that_was_set_back_has_one_past(trainer: Trainer, tmp_path: Path):
    writer = FrameWriter(tmp_path, trainer)
    for step in (1, 2, 3):
        writer._add({"step": step})
    again = FrameWriter(tmp_path, trainer)
    again._add({"step": 2, "new": True})
    assert read_frames(again.path)[0] == [{"step": 1}, {"step": 2, "new": True}]


def test_features_turn_as_little_as_possible(writer: FrameWriter, trainer: Trainer):
    writer.watch(8)
    (before,), place = read_frames(writer.path)
    assert writer._basis is not None
    turned = torch.tensor([[0.0, 1.0], [-1.0, 0.0]], dtype=torch.float64)
    writer._basis = writer._basis @ turned  # as if the last picture had been another view of the same features
    writer.step, writer.next = -1, 0.0
    writer()
    (after,), _place = read_frames(writer.path, place)
    for key in trainer.data.problem.roles():
        first, second = (numbers(frame["features"][key]["points"], np.int8) for frame in (before, after))
        expected = first.reshape(-1, 2).astype(int) @ turned.numpy()
        assert np.abs(expected - second.reshape(-1, 2)).max() <= 1


def test_other_inputs_have_no_frames():
    assert not FrameWriter.suits(trainer_for(parse_spec({}, ("training.steps=1",))))


def test_a_frame_is_small(writer: FrameWriter):
    writer.watch(8)
    assert writer.path.stat().st_size < 20_000
    json.loads(writer.path.read_text())
