"""Network architectures. To add one: add a file, and its class to ``NETWORKS``."""

from __future__ import annotations

from xfer_core.networks.article_net import ArticleNet
from xfer_core.networks.base import HEAD, Network, NetworkConfig
from xfer_core.networks.lenet import LeNet
from xfer_core.networks.small_cnn import SmallCNN

NETWORKS: tuple[type[NetworkConfig], ...] = (SmallCNN, ArticleNet, LeNet)
AnyNetwork = SmallCNN | ArticleNet | LeNet

__all__ = ["HEAD", "NETWORKS", "AnyNetwork", "ArticleNet", "LeNet", "Network", "NetworkConfig", "SmallCNN"]
