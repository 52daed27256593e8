"""A small convolutional network with batch norm, fast enough to follow live."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from torch import nn

from xfer_core.modalities import ImageInput, InputSpec
from xfer_core.networks.base import Network, NetworkConfig


class SmallCNN(NetworkConfig):
    """Three 3×3 convolutions with batch norm, fast enough to follow live on two processor cores.

    Each of the three stages is convolution, batch norm, ReLU, 2×2 max-pooling, with ``width``, 2·``width`` and
    4·``width`` channels.
    """

    modalities = ("image",)

    kind: Literal["small_cnn"] = "small_cnn"
    width: int = Field(default=16, ge=4, le=256, title="Channels of the first stage")
    """Later stages have two and four times as many."""

    def build(self, spec: InputSpec, outputs: Mapping[str, int]) -> Network:
        stages: OrderedDict[str, nn.Module] = OrderedDict()
        assert isinstance(spec, ImageInput)
        spec.require_side(8, self.kind)
        channels, height, width = spec.shape
        for i in range(3):
            wider = self.width * 2**i
            convolution = nn.Conv2d(channels, wider, 3, padding=1, bias=False)  # batch norm has its own bias
            stages[f"conv{i + 1}"] = nn.Sequential(
                OrderedDict(conv=convolution, norm=nn.BatchNorm2d(wider), relu=nn.ReLU(), pool=nn.MaxPool2d(2))
            )
            channels = wider
        return Network(stages, channels * (height // 8) * (width // 8), outputs, spec)
