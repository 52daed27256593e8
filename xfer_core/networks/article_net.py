"""The network of the article."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Literal

from torch import nn

from xfer_core.modalities import ImageInput, InputSpec
from xfer_core.networks.base import Network, NetworkConfig


class ArticleNet(NetworkConfig):
    """The network that the article describes.

    Two stages of a 3×3 convolution with ReLU and 2×2 max-pooling (32, then 64 channels), a linear stage of 512 with
    ReLU, and the head. No batch norm. At 3×32×32 about 2.1 million parameters, 46.2 MFLOP per training image.
    """

    modalities = ("image",)

    kind: Literal["article_net"] = "article_net"

    def build(self, spec: InputSpec, outputs: Mapping[str, int]) -> Network:
        assert isinstance(spec, ImageInput)
        spec.require_side(4, self.kind)
        channels, height, width = spec.shape
        stages: OrderedDict[str, nn.Module] = OrderedDict(
            conv1=nn.Sequential(nn.Conv2d(channels, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            conv2=nn.Sequential(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            linear=nn.Sequential(nn.Flatten(), nn.Linear(64 * (height // 4) * (width // 4), 512), nn.ReLU()),
        )
        return Network(stages, 512, outputs, spec)
