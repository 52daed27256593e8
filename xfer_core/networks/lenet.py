"""LeNet, as used in papers on domain adaptation of digits."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from torch import nn

from xfer_core.modalities import ImageInput, InputSpec
from xfer_core.networks.base import Network, NetworkConfig


class LeNet(NetworkConfig):
    """LeNet for digits of 28 pixels, as used in papers on domain adaptation.

    Two stages of a 5×5 convolution without padding, 2×2 max-pooling and ReLU (20, then 50 channels), a linear stage of
    500 with ReLU, and the head. At 1×28×28 about 431,000 parameters with ten classes. After LeCun, Bottou, Bengio and
    Haffner, "Gradient-based learning applied to document recognition" (1998), in the sizes of Caffe's example. Other
    images work too, from 16 pixels per side and with any number of channels.
    """

    modalities = ("image",)

    kind: Literal["lenet"] = "lenet"
    batch_norm: bool = Field(default=False, title="Batch norm")
    """After each convolution; strategies that adapt batch-norm statistics need it."""

    def build(self, spec: InputSpec, outputs: Mapping[str, int]) -> Network:
        assert isinstance(spec, ImageInput)
        spec.require_side(16, self.kind)
        channels, height, width = spec.shape
        stages: OrderedDict[str, nn.Module] = OrderedDict(
            conv1=self._convolution(channels, 20),
            conv2=self._convolution(20, 50),
            linear=nn.Sequential(nn.Flatten(), nn.Linear(50 * _left(height) * _left(width), 500), nn.ReLU()),
        )
        return Network(stages, 500, outputs, spec)

    def _convolution(self, channels: int, wider: int) -> nn.Module:
        layers: OrderedDict[str, nn.Module] = OrderedDict(conv=nn.Conv2d(channels, wider, 5))
        if self.batch_norm:
            layers["norm"] = nn.BatchNorm2d(wider)
        layers |= {"pool": nn.MaxPool2d(2), "relu": nn.ReLU()}
        return nn.Sequential(layers)


def _left(size: int) -> int:
    """Pixels per side after both stages: each takes four off, then halves."""
    for _ in range(2):
        size = (size - 4) // 2
    return size
