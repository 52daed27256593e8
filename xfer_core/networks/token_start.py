"""What the vectors of tokens start with: random values, or GloVe."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field

from xfer_core.errors import XferError
from xfer_core.modalities import Encoder, InputSpec, TextInput
from xfer_core.modalities.text import RESERVED, TextEncoder
from xfer_core.networks.base import Network, NetworkConfig
from xfer_core.networks.glove import FIELD, glove
from xfer_core.networks.token_embedding import MeanEmbedding, TokenEmbedding

Start = Literal["random", "glove"]


class TokenNetworkConfig(NetworkConfig):
    """A network whose first stage, ``embedding``, gives each token a vector."""

    modalities = ("text",)

    embedding: int = Field(default=64, ge=2, le=512, title="Width of the embedding")
    """Numbers per token."""
    start: Start = Field(default="random", title="Vectors at the start")
    """Random, or GloVe: where the tokens are words, those that it knows start with what was learned from six billion
    words of other texts."""

    @property
    def is_filled(self) -> bool:
        return self.start == "glove"

    @property
    def unfilled(self) -> NetworkConfig:
        return self.model_copy(update={"start": "random"})

    def check(self, spec: InputSpec) -> None:
        _check_start(self.start, self.embedding, spec)

    def fill(self, network: Network, encoder: Encoder) -> None:
        _fill_start(self.start, network, encoder)


def _check_start(start: Start, size: int, spec: InputSpec) -> None:
    """Reject GloVe for letters, for vectors with fewer numbers than its own, and where it is not on this machine.

    Raises:
        XferError: ``glove_words``, ``too_small``, ``no_glove`` or ``broken_glove``.
    """
    if start == "random":
        return
    if isinstance(spec, TextInput) and spec.analyzer != "word":
        raise XferError("glove_words", FIELD, start, ({FIELD: "random"},))
    width = glove().width
    if size < width:
        raise XferError("too_small", "network.embedding", size, ({"network.embedding": width},), limit=width)


def _fill_start(start: Start, network: Network, encoder: Encoder) -> None:
    """Give the tokens of the vocabulary that GloVe knows its vectors; further numbers, and other tokens, stay random.

    Raises:
        XferError: ``no_glove`` or ``broken_glove``.
    """
    if start == "random":
        return
    layer = network.stages["embedding"]
    assert isinstance(layer, MeanEmbedding | TokenEmbedding)
    assert isinstance(encoder, TextEncoder)
    vectors = glove()
    given = torch.full((layer.num_embeddings, vectors.width), torch.nan)
    for place, token in enumerate(encoder.vocabulary, RESERVED):
        found = vectors.of(token)
        if found is not None:
            given[place] = found
    layer.start = given
    layer.reset_parameters()
