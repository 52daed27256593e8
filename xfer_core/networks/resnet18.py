"""ResNet-18, which can start with the weights of ImageNet."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xfer_core.domains.downloads import Download, download_files
from xfer_core.domains.remote_files import RemoteFile
from xfer_core.errors import XferError
from xfer_core.modalities import ImageInput, InputSpec
from xfer_core.networks.base import Network
from xfer_core.networks.imagenet import FIELD, ImageNetConfig, PreparedImage
from xfer_core.settings import settings

WIDTH = 512  # features
RANGE = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # mean and deviation of red, green, blue
FILE = RemoteFile(
    "resnet18-f37072fd.pth",
    ("https://download.pytorch.org/models/resnet18-f37072fd.pth",),
    "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec",
)


def _found(root: Path) -> Path | None:
    """The file in this data folder, or where torchvision puts it; None if it is in neither."""
    places = (root / FILE.path, Path(torch.hub.get_dir()) / "checkpoints" / FILE.path)
    return next((place for place in places if place.is_file()), None)


WEIGHTS = Download("ResNet-18", 46_830_571, lambda: (FILE,), lambda root: _found(root) is not None)


class ResNet18(ImageNetConfig):
    """ResNet-18 with the weights of ImageNet: 1.3 million photographs of a thousand classes.

    Five stages: ``stem`` (a 7×7 convolution and pooling) and ``layer1`` … ``layer4`` (two residual blocks each), 11.2
    million parameters and 512 features. Images of any size are resized to ``side`` inside, grey ones get three equal
    channels. He et al. 2016, https://arxiv.org/abs/1512.03385. The weights are torchvision's (IMAGENET1K_V1, 45 MB):
    those in its own folder are used, else they are downloaded when you choose this network; the pictures of ImageNet
    are for research.
    """

    head = "fc."

    kind: Literal["resnet18"] = "resnet18"

    @property
    def download(self) -> Download | None:
        return WEIGHTS if self.is_filled else None

    def weights_file(self) -> Path:
        root = settings().data_folder
        if not (found := _found(root)):
            try:
                download_files(WEIGHTS, "imagenet", FIELD)
            except XferError as error:
                advice = ({"network.kind": "small_cnn"}, {FIELD: "random"})
                folder, reason = error.params["folder"], error.params["reason"]
                raise XferError(
                    "no_weights_download", FIELD, "imagenet", advice, folder=folder, reason=reason
                ) from None
            found = root / FILE.path
        return found

    def build(self, spec: InputSpec, outputs: Mapping[str, int]) -> Network:
        assert isinstance(spec, ImageInput)
        stages: OrderedDict[str, nn.Module] = OrderedDict()
        stem = (nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False), nn.BatchNorm2d(64), nn.ReLU())
        stages["stem"] = nn.Sequential(PreparedImage(self.side, *RANGE), *stem, nn.MaxPool2d(3, stride=2, padding=1))
        channels = 64
        for number, wider in enumerate((64, 128, 256, WIDTH), 1):
            blocks = (ResidualBlock(channels, wider, 1 if number == 1 else 2), ResidualBlock(wider, wider, 1))
            pooled = (nn.AdaptiveAvgPool2d(1), nn.Flatten()) if wider == WIDTH else ()
            stages[f"layer{number}"], channels = nn.Sequential(*blocks, *pooled), wider
        return Network(stages, WIDTH, outputs, spec)


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions with batch norm, to which the input is added; where shapes differ, a projection of it.

    Shapes:
        input (B, channels, H, W); output (B, wider, ⌈H / stride⌉, ⌈W / stride⌉).
    """

    def __init__(self, channels: int, wider: int, stride: int) -> None:
        super().__init__()
        self.channels, self.wider, self.stride = channels, wider, stride
        self.layers = nn.Sequential(
            nn.Conv2d(channels, wider, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(wider),
            nn.ReLU(),
            nn.Conv2d(wider, wider, 3, padding=1, bias=False),
            nn.BatchNorm2d(wider),
        )
        self.shortcut = nn.Sequential()
        if stride > 1 or channels != wider:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, wider, 1, stride, bias=False), nn.BatchNorm2d(wider))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.layers(x) + self.shortcut(x))
