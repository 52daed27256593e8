"""A multilayer perceptron for rows of a table and points in the plane."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer
from torch import nn

from xfer_core.modalities import InputSpec
from xfer_core.networks.base import Network, NetworkConfig

Activation = Literal["relu", "tanh", "sigmoid"]
ACTIVATIONS: dict[Activation, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


class MLP(NetworkConfig):
    """A multilayer perceptron for rows of numbers.

    Each stage is a linear layer, batch norm if it is on, and the activation.
    """

    modalities = ("table",)

    kind: Literal["mlp"] = "mlp"
    width: int = Field(default=32, ge=2, le=1024, title="Width of each stage")
    """Number of units."""
    depth: int = Field(default=3, ge=1, le=8, title="Number of stages")
    """Linear layers before the head."""
    batch_norm: bool = Field(default=True, title="Batch norm")
    """After each linear layer; strategies that adapt batch-norm statistics need it."""
    activation: Activation = Field(default="relu", title="Activation")
    """What each unit does to its input: ReLU cuts it off below 0, tanh and sigmoid bend it into −1…1 and 0…1."""

    @model_serializer(mode="wrap")
    def _omit_unchanged(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave the activation out if it is ReLU, so that specs and their hashes stay as they were without it."""
        written = handler(self)
        if self.activation == "relu":
            written.pop("activation", None)
        return written

    def build(self, spec: InputSpec, outputs: Mapping[str, int]) -> Network:
        (width,) = spec.shape
        stages: OrderedDict[str, nn.Module] = OrderedDict()
        for i in range(self.depth):
            layers: OrderedDict[str, nn.Module] = OrderedDict(linear=nn.Linear(width, self.width))
            if self.batch_norm:
                layers["norm"] = nn.BatchNorm1d(self.width)
            layers[self.activation] = ACTIVATIONS[self.activation]()
            stages[f"hidden{i + 1}"], width = nn.Sequential(layers), self.width
        return Network(stages, width, outputs, spec)
