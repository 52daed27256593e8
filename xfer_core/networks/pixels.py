"""No stage at all: a linear head on raw pixels."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from math import prod
from typing import Literal

from xfer_core.modalities import InputSpec
from xfer_core.networks.base import Network, NetworkConfig


class Pixels(NetworkConfig):
    """A linear head on raw pixels, without any stage: logistic regression.

    What any network must beat. Nothing in it can be transferred, so that only the two baselines train it.
    """

    modalities = ("image",)

    kind: Literal["pixels"] = "pixels"

    def build(self, spec: InputSpec, outputs: Mapping[str, int]) -> Network:
        return Network(OrderedDict(), prod(spec.shape), outputs, spec)
