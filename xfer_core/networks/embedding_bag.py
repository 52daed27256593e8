"""The mean of token embeddings, for texts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from torch import nn

from xfer_core.modalities import InputSpec, TextInput
from xfer_core.modalities.text import PADDING
from xfer_core.networks.base import Network
from xfer_core.networks.token_embedding import MeanEmbedding
from xfer_core.networks.token_start import TokenNetworkConfig


class EmbeddingBag(TokenNetworkConfig):
    """The mean of the embeddings of a text's tokens, without padding, then a hidden layer.

    The order of the tokens plays no part. Joulin, Grave, Bojanowski and Mikolov 2017,
    https://aclanthology.org/E17-2068/, with a hidden layer.

    Shapes:
        input int64 (B, tokens); stage ``embedding`` (B, embedding); stage ``hidden`` (B, width).
    """

    kind: Literal["embedding_bag"] = "embedding_bag"
    width: int = Field(default=64, ge=2, le=1024, title="Width of the hidden layer")
    """Number of units."""
    batch_norm: bool = Field(default=True, title="Batch norm")
    """In the hidden layer; strategies that adapt batch-norm statistics need it."""

    def build(self, spec: InputSpec, outputs: Mapping[str, int]) -> Network:
        assert isinstance(spec, TextInput)
        embedding = MeanEmbedding(spec.vocabulary, self.embedding, mode="mean", padding_idx=PADDING)
        layers: OrderedDict[str, nn.Module] = OrderedDict(linear=nn.Linear(self.embedding, self.width))
        if self.batch_norm:
            layers["norm"] = nn.BatchNorm1d(self.width)
        layers["relu"] = nn.ReLU()
        stages: OrderedDict[str, nn.Module] = OrderedDict(embedding=embedding, hidden=nn.Sequential(layers))
        return Network(stages, self.width, outputs, spec)
