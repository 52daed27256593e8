"""The first stage of networks for texts: a vector for each token of the vocabulary."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xfer_core.modalities.text import PADDING

SPREAD = 0.1
"""Standard deviation of the first vectors. With 1, torch's default, a few hundred steps move the vectors of rare tokens
too little to be heard among random ones."""


def set_start(layer: nn.Embedding | nn.EmbeddingBag, start: Tensor | None) -> None:
    """Give the vectors their first values: random ones, and those of ``start``, float (V, width ≤ size), where they are
    not NaN; padding is zero."""
    nn.init.normal_(layer.weight, std=SPREAD)
    if start is not None:
        with torch.no_grad():
            given = start.to(layer.weight)
            own = layer.weight[:, : given.shape[1]]
            own.copy_(torch.where(given.isnan(), own, given))
    layer._fill_padding_idx_with_zero()


class TokenEmbedding(nn.Embedding):
    """Tokens to vectors; that of padding is zero.

    Shapes:
        input int64 (B, tokens); output (B, tokens, size).
    """

    start: Tensor | None = None

    def reset_parameters(self) -> None:
        set_start(self, self.start)

    def vectors(self, tokens: Tensor) -> Tensor:
        """The vector of each token: (B, tokens, size)."""
        return self(tokens)

    def pool(self, vectors: Tensor, tokens: Tensor) -> Tensor:
        """The output for these vectors in place of those of the tokens: the vectors themselves."""
        return vectors


class MeanEmbedding(nn.EmbeddingBag):
    """Tokens to the mean of their vectors, without padding.

    Shapes:
        input int64 (B, tokens); output (B, size).
    """

    start: Tensor | None = None

    def reset_parameters(self) -> None:
        set_start(self, self.start)

    def vectors(self, tokens: Tensor) -> Tensor:
        """The vector of each token: (B, tokens, size)."""
        return F.embedding(tokens, self.weight)

    def pool(self, vectors: Tensor, tokens: Tensor) -> Tensor:
        """The output for these vectors (B, tokens, size) in place of those of the tokens: their mean (B, size)."""
        present = (tokens != PADDING).unsqueeze(2)  # (B, tokens, 1)
        return (vectors * present).sum(1) / present.sum(1).clamp(min=1)
