"""Network architectures. To add one: add a file, and its class to ``NETWORKS``."""

from __future__ import annotations

from xfer_core.networks.article_net import ArticleNet
from xfer_core.networks.base import HEAD, Network, NetworkConfig
from xfer_core.networks.efficientnet_lite0 import EfficientNetLite0
from xfer_core.networks.embedding_bag import EmbeddingBag
from xfer_core.networks.lenet import LeNet
from xfer_core.networks.mlp import MLP
from xfer_core.networks.pixels import Pixels
from xfer_core.networks.resnet18 import ResNet18
from xfer_core.networks.small_cnn import SmallCNN
from xfer_core.networks.text_cnn import TextCNN

NETWORKS: tuple[type[NetworkConfig], ...] = (
    *(SmallCNN, ArticleNet, LeNet, MLP, EmbeddingBag, TextCNN),
    *(EfficientNetLite0, ResNet18, Pixels),
)
AnyNetwork = SmallCNN | ArticleNet | LeNet | MLP | EmbeddingBag | TextCNN | EfficientNetLite0 | ResNet18 | Pixels

__all__ = [
    "HEAD",
    "MLP",
    "NETWORKS",
    "AnyNetwork",
    "ArticleNet",
    "EfficientNetLite0",
    "EmbeddingBag",
    "LeNet",
    "Network",
    "NetworkConfig",
    "Pixels",
    "ResNet18",
    "SmallCNN",
    "TextCNN",
]
