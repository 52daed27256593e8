"""Integrated gradients of texts: which letters or words spoke for a class?"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.modalities.text import RESERVED, TextEncoder, decode_texts
from xfer_core.networks.base import Network
from xfer_core.networks.token_embedding import MeanEmbedding, TokenEmbedding

STEPS = 32  # of the integral
CHUNK = 16  # texts at a time: each takes STEPS times the memory of its vectors


@dataclass(frozen=True)
class TextPart:
    """A piece of a text: a letter, a word, or what stands between words.

    Attributes:
        text: the piece.
        contribution: what it adds to the logit of the class, in comparison with an empty text.
    """

    text: str
    contribution: float


def token_contributions(network: Network, prepared: Tensor, task: str, classes: Tensor) -> Tensor:
    """Integrated gradients of the class's logit, for every token: (v − v₀) · ∫₀¹ ∂f(v₀ + a (v − v₀)) / ∂v da, summed
    over the numbers of the token's vector v, with v₀ = 0, which is padding. Sundararajan, Taly and Yan 2017,
    https://arxiv.org/abs/1703.01365, as captum computes it.

    Args:
        network: whose first stage is the embedding of tokens, in eval mode, on the CPU.
        prepared: texts, int32 (N, tokens + bytes).
        task: of the head.
        classes: int64 (N,), the class to explain for each text.

    Returns:
        float32 (N, tokens), 0 for padding; the sum of a row is the difference of the logit to that of an empty text.

    Raises:
        XferError: ``no_attribution`` for a network without such a stage.
    """
    first, *above = network.stages.values()
    if not isinstance(first, MeanEmbedding | TokenEmbedding):
        raise XferError("no_attribution", "problem", network.spec.modality)

    def logits(vectors: Tensor, tokens: Tensor) -> Tensor:
        x = first.pool(vectors, tokens)
        for stage in above:
            x = stage(x)
        return network.heads[task](x.flatten(1))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # captum's own, on import
        from captum.attr import IntegratedGradients

        found = []
        for tokens, wanted in zip(
            network.spec.to_float(prepared, torch.device("cpu")).split(CHUNK), classes.split(CHUNK), strict=True
        ):
            vectors = first.vectors(tokens).detach()  # (B, tokens, size)
            parts = IntegratedGradients(logits).attribute(
                vectors, target=wanted, additional_forward_args=(tokens,), n_steps=STEPS
            )
            assert isinstance(parts, Tensor)
            found.append(parts.sum(2).detach())
    return torch.cat(found) if found else torch.zeros(0, prepared.shape[1])


def text_parts(encoder: TextEncoder, prepared: Tensor, contributions: Tensor) -> list[list[TextPart]]:
    """Texts in pieces, each with its contribution.

    A token gives an equal part of its contribution to each piece that it covers, so that the sum over the pieces of a
    text is that over its tokens.

    Args:
        encoder: of the run.
        prepared: texts, int32 (N, tokens + bytes).
        contributions: of their tokens, (N, tokens).
    """
    spec = encoder.spec
    texts = decode_texts(prepared[:, spec.tokens :])
    return [_parts(spec.pieces(text), values.tolist()) for text, values in zip(texts, contributions, strict=True)]


def token_summary(encoder: TextEncoder, prepared: Tensor, contributions: Tensor) -> pd.DataFrame:
    """For each token of these texts: ``token``; ``contribution``, the mean over all texts, where a text without it
    counts as 0; ``texts``, the number of texts that have it. The largest contribution first.

    Args:
        encoder: of the run.
        prepared: texts, int32 (N, tokens + bytes), at least one.
        contributions: of their tokens, (N, tokens).
    """
    tokens = prepared[:, : encoder.spec.tokens].long()
    rows = torch.arange(len(tokens))[:, None].expand_as(tokens)
    table = pd.DataFrame(
        {"place": tokens.flatten(), "texts": rows.flatten(), "contribution": contributions.flatten() / len(tokens)}
    )
    groups = table[table["place"] >= RESERVED].groupby("place")
    found = pd.DataFrame(groups.agg({"contribution": "sum", "texts": "nunique"}))
    found.insert(0, "token", [encoder.vocabulary[place - RESERVED] for place in found.index])
    return found.sort_values("contribution", ascending=False, kind="stable").reset_index(drop=True)


def _parts(pieces: tuple[list[str], list[tuple[int, ...]]], values: Sequence[float]) -> list[TextPart]:
    texts, covered = pieces
    sums = [0.0] * len(texts)
    for places, value in zip(covered, values, strict=False):  # the rest of a long text has no tokens
        for place in places:
            sums[place] += value / len(places)
    return [TextPart(text, value) for text, value in zip(texts, sums, strict=True)]
