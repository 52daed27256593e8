"""A convolutional network for texts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from xfer_core.modalities import InputSpec, TextInput
from xfer_core.modalities.text import PADDING
from xfer_core.networks.base import Network
from xfer_core.networks.token_embedding import TokenEmbedding
from xfer_core.networks.token_start import TokenNetworkConfig

WIDTHS = (3, 4, 5)  # tokens that a filter sees


class LargestResponses(nn.Module):
    """Filters of several widths along a text, ReLU, and the largest response of each.

    Args:
        size: numbers per token.
        number: of filters of each width.

    Shapes:
        input (B, tokens, size); output (B, 3 · number).
    """

    def __init__(self, size: int, number: int) -> None:
        super().__init__()
        self.size, self.number = size, number
        self.filters = nn.ModuleList(nn.Conv1d(size, number, width, padding=width // 2) for width in WIDTHS)

    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(1, 2)  # (B, size, tokens)
        return torch.cat([torch.relu(filters(x)).amax(2) for filters in self.filters], 1)


class TextCNN(TokenNetworkConfig):
    """Convolutions along the embeddings of a text's tokens, and the largest response of each filter.

    Filters see 3, 4 or 5 tokens. Kim 2014, https://aclanthology.org/D14-1181/, with 32 filters of each width, not 100.

    Shapes:
        input int64 (B, tokens); stage ``embedding`` (B, tokens, embedding); stage ``convolutions`` (B, 3 · filters).
    """

    kind: Literal["text_cnn"] = "text_cnn"
    embedding: int = Field(default=32, ge=2, le=512, title="Width of the embedding")
    """Numbers per token."""
    filters: int = Field(default=32, ge=1, le=512, title="Filters of each width")
    """For runs of 3, of 4 and of 5 tokens each."""
    batch_norm: bool = Field(default=True, title="Batch norm")
    """After the largest responses (not in the paper); strategies that adapt batch-norm statistics need it."""

    def build(self, spec: InputSpec, outputs: Mapping[str, int]) -> Network:
        assert isinstance(spec, TextInput)
        embedding = TokenEmbedding(spec.vocabulary, self.embedding, padding_idx=PADDING)
        width = len(WIDTHS) * self.filters
        layers: OrderedDict[str, nn.Module] = OrderedDict(responses=LargestResponses(self.embedding, self.filters))
        if self.batch_norm:
            layers["norm"] = nn.BatchNorm1d(width)
        stages: OrderedDict[str, nn.Module] = OrderedDict(embedding=embedding, convolutions=nn.Sequential(layers))
        return Network(stages, width, outputs, spec)
