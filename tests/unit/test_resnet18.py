"""ResNet-18: torchvision's network and weights, found, downloaded, or refused in one sentence."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from torchvision.models import resnet18

from tests.support.mnist_files import Network
from xfer_core.errors import XferError
from xfer_core.modalities import ImageInput
from xfer_core.networks import ResNet18
from xfer_core.networks import resnet18 as module
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import RunSpec
from xfer_core.strategies.transfer.linear_probe import LinearProbe

SHAPE = ImageInput(3, 32, 32)
NETWORK = ResNet18(side=32)
NAME = module.FILE.path


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A network of torchvision with random weights and statistics, and a file of it without counters, as published."""
    torch.manual_seed(0)
    network = resnet18().eval()
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(layer.weight, 0.5, 1.5)
            torch.nn.init.normal_(layer.running_mean, std=0.1)
    state = {name: value for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    file = tmp_path_factory.mktemp("published") / NAME
    torch.save(state, file)
    return network, file


@pytest.fixture
def nothing_here(tmp_path, monkeypatch):
    """The folders of data and of torchvision, both empty."""
    monkeypatch.setenv("XFER_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path


def filled():
    network = NETWORK.build(SHAPE, {"object": 10}).eval()
    NETWORK.fill(network, None)  # pyright: ignore[reportArgumentType] - not read
    return network


@pytest.mark.parametrize("folder", ["data", "torch/hub/checkpoints"])
def test_it_is_torchvisions_network_with_the_file_that_is_there(published, nothing_here, folder):
    theirs, file = published
    (nothing_here / folder).mkdir(parents=True)
    (nothing_here / folder / NAME).symlink_to(file)
    assert NETWORK.is_available
    network, x = filled(), torch.rand(2, 3, 32, 32)
    mean, std = (torch.tensor(part).view(3, 1, 1) for part in module.RANGE)
    theirs.fc = torch.nn.Identity()
    with torch.inference_mode():
        torch.testing.assert_close(network.features(x), theirs((x - mean) / std))


def test_stages_have_the_sizes_of_the_paper():
    rows = {row["name"]: row for row in NETWORK.summary(SHAPE, {"object": 10})}
    assert {name: row["shape"][0] for name, row in rows.items()} == {
        "stem": 64, "layer1": 64, "layer2": 128, "layer3": 256, "layer4": 512, "head": 10
    }  # fmt: skip
    # of 11,689,512 with the classifier of ImageNet, 512 · 1000 + 1000
    assert sum(row["parameters"] for row in rows.values()) == 11_689_512 - 513_000 + 5_130


def test_what_is_not_here_is_downloaded_and_checked(published, nothing_here, monkeypatch):
    network, content = Network(monkeypatch), published[1].read_bytes()
    network.files[NAME] = content
    monkeypatch.setattr(module, "FILE", replace(module.FILE, checksum=hashlib.sha256(content).hexdigest()))
    RunSpec(problem=Problem(source=(), target=("digits.photo",)), network=NETWORK, strategy=LinearProbe()).check()
    assert not NETWORK.is_available
    assert network.asked == [], "a check downloads nothing"
    filled()
    assert (nothing_here / "data" / NAME).read_bytes() == content
    network.files[NAME] = URLError("no route to host")
    filled()  # and not again


def test_without_a_connection_one_sentence_says_so(nothing_here, monkeypatch):
    Network(monkeypatch).files[NAME] = URLError("no route to host")
    with pytest.raises(XferError, match=r"needs the weights of ImageNet.* could not be downloaded to .*data.*no route"):
        filled()


@pytest.mark.parametrize("content", [b"<html>", b""])
def test_another_file_is_refused(nothing_here, content):
    place = Path(nothing_here, "data", NAME)
    place.parent.mkdir()
    place.write_bytes(content)
    with pytest.raises(XferError, match="needs a file with the weights of this network"):
        filled()


def test_weights_of_another_network_are_refused(nothing_here, published):
    place = Path(nothing_here, "data", NAME)
    place.parent.mkdir()
    torch.save(dict(list(published[0].state_dict().items())[:-7]), place)
    with pytest.raises(XferError) as caught:
        filled()
    assert caught.value.code == "broken_weights"


def test_random_weights_need_no_file(nothing_here):
    form = ResNet18(start="random")
    assert form.download is None
    assert form.is_available
