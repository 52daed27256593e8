"""The network of the article."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Literal

from torch import nn

from xfer_core.networks.base import Network, NetworkConfig, require_min_size


class ArticleNet(NetworkConfig):
    """The network that the article describes.

    Two stages of a 3×3 convolution with ReLU and 2×2 max-pooling (32, then 64 channels), a linear stage of 512 with
    ReLU, and the head. No batch norm. At 3×32×32 about 2.1 million parameters, 46.2 MFLOP per training image.
    """

    kind: Literal["article_net"] = "article_net"

    def build(self, input_shape: tuple[int, int, int], outputs: Mapping[str, int]) -> Network:
        channels, height, width = input_shape
        require_min_size(input_shape, 4, self.kind)
        stages: OrderedDict[str, nn.Module] = OrderedDict(
            conv1=nn.Sequential(nn.Conv2d(channels, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            conv2=nn.Sequential(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            linear=nn.Sequential(nn.Flatten(), nn.Linear(64 * (height // 4) * (width // 4), 512), nn.ReLU()),
        )
        return Network(stages, 512, outputs)
