"""What networks of photographs share: weights learned on ImageNet, and images prepared as these expect them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from xfer_core.errors import XferError
from xfer_core.modalities import Encoder
from xfer_core.networks.base import Network, NetworkConfig
from xfer_core.networks.small_cnn import SmallCNN

FIELD = "network.start"
COUNTER = "num_batches_tracked"  # of batch norm, which older files do not have


class ImageNetConfig(NetworkConfig):
    """A network of photographs that can start with the weights of ImageNet.

    The stages of its network have the layers of the published file in the same order, perhaps under other names.
    """

    modalities = ("image",)
    caches_features = True
    head: ClassVar[str]
    """What the names of the classifier's weights begin with in the published file."""

    start: Literal["imagenet", "random"] = Field(default="imagenet", title="Weights at the start")
    """Those learned on ImageNet, or random ones."""
    side: int = Field(default=96, ge=32, le=224, title="Side of the resized image")
    """Pixels; the weights were learned at 224, and time grows with the square."""

    @property
    def is_filled(self) -> bool:
        return self.start == "imagenet"

    @property
    def unfilled(self) -> NetworkConfig:
        return SmallCNN() if self.is_filled else self

    def weights_file(self) -> Path:
        """The file with the weights of ImageNet.

        Raises:
            XferError: if it is not on this machine, and cannot be downloaded.
        """
        raise TypeError(f"{type(self).__name__} must define weights_file")

    def fill(self, network: Network, encoder: Encoder) -> None:
        if not self.is_filled:
            return
        file, stages = self.weights_file(), network.stages.state_dict()
        try:
            given = torch.load(file, map_location="cpu", weights_only=True)
            learned = [given[name] for name in given if not name.startswith(self.head) and not name.endswith(COUNTER)]
            names = [name for name in stages if not name.endswith(COUNTER)]
            network.stages.load_state_dict({**stages, **dict(zip(names, learned, strict=True))})
        except Exception as error:  # whatever torch raises for a file that is cut off, or another one
            reason = str(error).partition("\n")[0]
            raise XferError(
                "broken_weights", FIELD, "imagenet", ({FIELD: "random"},), file=file, reason=reason
            ) from None


class PreparedImage(nn.Module):
    """An image in 0…1 as the weights expect it: three channels, ``side`` pixels, (x − mean) / std.

    Args:
        side: pixels.
        mean, std: of all channels, or of each of the three.

    Shapes:
        input (B, C, H, W), C any number: the mean over them where it is not 3; output (B, 3, side, side).
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, side: int, mean: float | Sequence[float], std: float | Sequence[float]) -> None:
        super().__init__()
        self.side, self.mean, self.std = side, mean, std
        for name, value in (("shift", mean), ("scale", std)):
            self.register_buffer(name, torch.as_tensor(value).reshape(-1, 1, 1), persistent=False)

    def extra_repr(self) -> str:
        return f"side={self.side}, mean={self.mean}, std={self.std}"

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1] != 3:
            x = x.mean(1, keepdim=True).expand(-1, 3, -1, -1)
        if x.shape[2:] != (self.side, self.side):
            x = F.interpolate(x, (self.side, self.side), mode="bilinear", align_corners=False)
        return (x - self.shift) / self.scale
