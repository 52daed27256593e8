"""Texts: words or sentences, as tokens of one of scikit-learn's analyzers."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import torch
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.modalities.base import Encoder, InputSpec
from xfer_core.modalities.sampler import RowSampler
from xfer_core.modalities.text_pieces import Pieces, letter_pieces, word_pieces

if TYPE_CHECKING:
    import pandas as pd

PADDING, UNKNOWN = 0, 1  # tokens after the end of a text, and those outside the vocabulary
RESERVED = 2
LETTERS = 3  # of a token of the analyzer char_wb, at most
BUCKETS = 64  # numbers of a descriptor
SIDE = 96  # pixels of a text's picture
INK, PAPER = 235, 24  # shades of grey
TYPE_SIZES = (24, 20, 16, 13, 11)  # pixels; the largest that fits
LETTER = 0.62  # mean width of a letter, as a fraction of the type size


def encode_texts(texts: Sequence[str], length: int) -> Tensor:
    """Texts as a domain holds them: UTF-8, cut at ``length`` bytes, and zeros after the end: uint8 (N, length)."""
    encoded = [text.encode()[:length].decode(errors="ignore").encode() for text in texts]
    return torch.from_numpy(np.array(encoded, dtype=f"S{length}").view(np.uint8).reshape(len(texts), length).copy())


def decode_texts(raw: Tensor) -> list[str]:
    """The texts of raw samples, integers (N, length)."""
    return [bytes(row).rstrip(b"\0").decode(errors="replace") for row in raw.to(torch.uint8).numpy()]


@dataclass(frozen=True)
class TextInput(InputSpec):
    """A text: uint8, its UTF-8 bytes, and zeros after its end. (Bytes, because a tensor needs one length for all, and
    four bytes a letter would make long texts four times as large.)

    A prepared text is int32: its tokens, as indices into the vocabulary of the training texts (0 after the end, 1 for
    a token outside the vocabulary), then its bytes, which pictures for people are made of. A network takes the tokens.

    Attributes:
        length: bytes of a raw text, at most.
        tokens: that a network gets, at most; the rest of a text is not used.
        analyzer: scikit-learn's ``char_wb``, all runs of one to three letters within a word and its borders, or
            ``word``. Both make letters lower-case.
        vocabulary: number of token indices; the most frequent tokens of the training texts are in it.
        words: of the analyzer ``word``: so many neighbouring words, at most, make one token; 2 adds pairs such as
            ``not good``. The single words of a text come first, then the pairs.
    """

    modality = "text"
    dtype = torch.uint8
    interpolates = False
    is_fitted = True
    plural = "texts"
    attribution = "token_gradients"

    length: int
    tokens: int
    analyzer: Literal["char_wb", "word"] = "char_wb"
    vocabulary: int = 5000
    words: int = 1

    @property
    def shape(self) -> tuple[int]:
        return (self.tokens + self.length,)

    @property
    def raw_shape(self) -> tuple[int]:
        return (self.length,)

    @classmethod
    def common(cls, specs: Sequence[Any]) -> Self:
        """The longest texts and tokens, and the largest vocabulary.

        Raises:
            XferError: ``analyzer``, for words in one domain and letters in another.
        """
        first = specs[0].analyzer
        for spec in specs:
            if spec.analyzer != first:
                raise XferError("analyzer", "problem", spec.analyzer, expected=first)
        length, tokens, vocabulary, words = (
            max(getattr(spec, name) for spec in specs) for name in ("length", "tokens", "vocabulary", "words")
        )
        return cls(length, tokens, first, vocabulary, words)

    @property
    def longest(self) -> int:
        """Letters, or words, that make one token, at most."""
        return LETTERS if self.analyzer == "char_wb" else self.words

    def analyze(self) -> Callable[[str], list[str]]:
        """Text → its tokens, in order."""
        from sklearn.feature_extraction.text import CountVectorizer

        return CountVectorizer(analyzer=self.analyzer, ngram_range=(1, self.longest)).build_analyzer()

    def pieces(self, text: str) -> Pieces:
        """The text in pieces, and those that each of its tokens covers."""
        return (letter_pieces if self.analyzer == "char_wb" else word_pieces)(text, self.longest)

    def fit(self, training: Iterable[tuple[Any, Tensor]]) -> TextEncoder:
        """The encoder with the most frequent tokens of these texts."""
        analyze, counts = self.analyze(), Counter[str]()
        for _, inputs in training:
            for text in decode_texts(inputs):
                counts.update(analyze(text))
        ordered = sorted(counts, key=lambda token: (-counts[token], token))
        return TextEncoder(self, tuple(ordered[: self.vocabulary - RESERVED]))

    def to_float(self, prepared: Tensor, device: torch.device) -> Tensor:
        """The tokens: int64 (N, tokens), on the device."""
        return prepared[:, : self.tokens].to(device, torch.int64)

    def example(self) -> Tensor:
        return torch.zeros(2, self.tokens, dtype=torch.int64)

    def sampler(
        self,
        prepared: Tensor,
        labels: dict[str, Tensor],
        augment: Iterable[str],
        generator: torch.Generator,
        device: torch.device,
    ) -> RowSampler:
        return RowSampler(prepared[:, : self.tokens].long(), labels, generator, device)

    def descriptors(self, prepared: Tensor) -> Tensor:
        """The relative frequencies of the tokens, added up over those with the same index modulo 64: float (N, 64)."""
        tokens = prepared[:, : self.tokens].long()
        present = (tokens != PADDING).float()
        counts = torch.zeros(len(tokens), BUCKETS).scatter_add_(1, tokens % BUCKETS, present)
        return counts / present.sum(1, keepdim=True).clamp(min=1)

    def pictures(self, prepared: Tensor) -> Tensor:
        """The texts, written: uint8 (N, 1, 96, 96). What has no room is left out."""
        drawn = [_written(text) for text in decode_texts(prepared[:, self.tokens :])]
        return torch.from_numpy(np.stack(drawn)[:, None]) if drawn else torch.empty(0, 1, SIDE, SIDE, dtype=torch.uint8)

    def describe(self) -> dict[str, Any]:
        """``vocabulary`` is in :meth:`TextEncoder.describe`."""
        return {"kind": "tokens", "shape": ["N", self.tokens], "analyzer": self.analyzer,
                "ngrams": [1, self.longest], "padding": PADDING, "unknown": UNKNOWN}  # fmt: skip

    def sentence(self) -> str:
        what = "words" if self.words == 1 else f"words and runs of up to {self.words} words"
        if self.analyzer == "char_wb":
            what = f"runs of one to {LETTERS} letters within a word"
        return (
            f"Input: texts as {self.tokens} token indices (N, {self.tokens}): {what}, lower-case, by scikit-learn's "
            f"analyzer {self.analyzer}; {PADDING} after the end, {UNKNOWN} for a token outside the vocabulary, and "
            f"{RESERVED} for its first token."
        )


@dataclass(frozen=True)
class TextEncoder(Encoder):
    """Turns texts into tokens of a vocabulary, which is fitted on training texts.

    Attributes:
        spec: of the prepared texts.
        vocabulary: the tokens with the indices 2, 3, …
    """

    spec: TextInput
    vocabulary: tuple[str, ...]

    def __call__(self, own: Any, inputs: Tensor) -> Tensor:
        spec, analyze = self.spec, self.spec.analyze()
        places = {token: place for place, token in enumerate(self.vocabulary, RESERVED)}
        prepared = torch.zeros(len(inputs), *spec.shape, dtype=torch.int32)
        prepared[:, spec.tokens : spec.tokens + own.length] = inputs
        for row, text in zip(prepared, decode_texts(inputs), strict=True):
            tokens = [places.get(token, UNKNOWN) for token in analyze(text)[: spec.tokens]]
            row[: len(tokens)] = torch.tensor(tokens, dtype=torch.int32)
        return prepared

    def describe(self) -> dict[str, Any]:
        return {**self.spec.describe(), "vocabulary": list(self.vocabulary), "first": RESERVED}

    def values(self, prepared: Tensor) -> pd.DataFrame:
        """The texts."""
        import pandas as pd

        return pd.DataFrame({"text": decode_texts(prepared[:, self.spec.tokens :])})


@cache
def _font(size: int) -> Any:
    """DejaVu Sans, which comes with matplotlib: it has the letters of all languages that use Latin script, and Cyrillic
    and Greek."""
    from importlib.resources import files

    from PIL import ImageFont

    content = BytesIO(files("matplotlib").joinpath("mpl-data", "fonts", "ttf", "DejaVuSans.ttf").read_bytes())
    return ImageFont.truetype(content, size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(5000)
def _written(text: str) -> np.ndarray:
    """A text in the middle of a picture: uint8 (96, 96)."""
    from PIL import Image, ImageDraw

    lines, size = [""], TYPE_SIZES[0]
    for size in TYPE_SIZES:
        letters = int((SIDE - 6) / (LETTER * size))
        lines = wrap(text, letters) or [""]
        if len(lines) * size * 1.2 <= SIDE and max(map(len, text.split() or [""])) <= letters:
            break
    picture = Image.new("L", (SIDE, SIDE), PAPER)
    shown = "\n".join(lines[: int(SIDE / size / 1.2)])
    ImageDraw.Draw(picture).text((SIDE / 2, SIDE / 2), shown, fill=INK, font=_font(size), anchor="mm", align="center")
    return np.asarray(picture).copy()
