"""How the texts of an import are read: words or letters, their longest length, and the tokens of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import nlargest
from statistics import median
from typing import Literal

from pydantic import Field

from xfer_core.errors import XferError
from xfer_core.imports.base import Choices
from xfer_core.modalities import TextInput

SENTENCE = 4  # words of the median text from which words are the tokens, not letters
LONGEST = 3000  # bytes of a text that are read, if nothing else is asked for
SHORTEST = 100  # bytes of a text that are read, however many texts there are
ALL_BYTES = 100_000_000  # of the texts of an import, padded; training holds four to five times as much
TOKENS = 800  # of a text, at most
MEASURED = 200  # of the longest texts, which say how many tokens there are
VOCABULARY = {"words": 10_000, "letters": 5000}


class TextChoices(Choices):
    """What a person can decide about texts."""

    tokens: Literal["", "words", "letters"] = Field(default="", title="Tokens")
    """Words and pairs of words, or runs of one to three letters; empty: found out."""
    length: int = Field(default=0, ge=0, le=20_000)
    """Bytes of a text that are read; 0: those of the longest text, at most 3000."""


def cut(text: str, length: int) -> str:
    """The text as a domain of this length holds it: without what does not fit."""
    return text.encode(errors="replace")[:length].decode(errors="ignore")


def have_words(texts: Iterable[str], count: int) -> bool:
    """Whether the median text has so many words. Counts no further than decides: to the middle of two texts, one beyond
    twice as many gives enough whatever the other one has."""
    return median(len(text.split(maxsplit=2 * count)) for text in texts) >= count


def find_input(texts: Sequence[str], wanted: TextChoices, title: str, notes: list[XferError]) -> TextInput:
    """The input that holds these texts, which must not be empty.

    Args:
        texts: all of them, as they are.
        wanted: what was chosen.
        title: of the file, for notes.
        notes: gets ``cut_texts`` if the longest do not fit.
    """
    sizes = [len(text.encode(errors="replace")) for text in texts]
    most = wanted.length or max(SHORTEST, min(LONGEST, ALL_BYTES // len(texts)))
    length = min(most, max(sizes))
    if longer := sum(size > length for size in sizes):
        notes.append(XferError("cut_texts", title, f"{longer} longer ones", limit=length))
    tokens = wanted.tokens or ("words" if have_words(texts, SENTENCE) else "letters")
    longest = nlargest(MEASURED, range(len(texts)), key=sizes.__getitem__)
    analyzer, pairs = ("word", 2) if tokens == "words" else ("char_wb", 1)
    spec = TextInput(length, TOKENS, analyzer, VOCABULARY[tokens], pairs)
    count = 0
    for place in longest:
        count = max(count, len(spec.pieces(cut(texts[place], length))[1]))
        if count >= TOKENS:
            break
    return TextInput(length, max(1, min(TOKENS, count)), analyzer, VOCABULARY[tokens], pairs)
