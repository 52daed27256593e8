"""What learns. Adding a network is adding a file, and its class to ``NETWORKS``."""

from __future__ import annotations

from xfer_core.networks.article_net import ArticleNet
from xfer_core.networks.base import HEAD, Network, NetworkForm
from xfer_core.networks.small_cnn import SmallCNN

NETWORKS: tuple[type[NetworkForm], ...] = (SmallCNN, ArticleNet)
AnyNetwork = SmallCNN | ArticleNet

__all__ = ["HEAD", "NETWORKS", "AnyNetwork", "ArticleNet", "Network", "NetworkForm", "SmallCNN"]
