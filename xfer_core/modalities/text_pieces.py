"""Where the tokens of a text lie in it: the pieces of a text, and those that each token covers.

scikit-learn's analyzers give tokens without their places, so the order of their tokens is repeated here.
"""

from __future__ import annotations

import re

WORD = re.compile(r"(?u)\b\w\w+\b")  # scikit-learn's: at least two letters or digits
Pieces = tuple[list[str], list[tuple[int, ...]]]
"""The pieces, which together are the text; and for each token, in order, the numbers of the pieces that it covers."""


def letter_pieces(text: str, longest: int) -> Pieces:
    """Of the analyzer ``char_wb``: a piece for each character; tokens are runs of up to ``longest`` letters of a word
    with a space before and after it. Such a space counts as the letter beside it."""
    covered: list[tuple[int, ...]] = []
    origins = [place for place, letter in enumerate(text) for _ in letter.lower()]  # ``İ`` becomes two
    for word in re.finditer(r"\S+", text.lower()):
        own = origins[word.start() : word.end()]
        places = [own[0], *own, own[-1]]
        for length in range(1, longest + 1):
            begins = range(max(1, len(places) - length + 1))
            covered += [tuple(sorted(set(places[begin : begin + length]))) for begin in begins]
    return list(text), covered


def word_pieces(text: str, longest: int) -> Pieces:
    """Of the analyzer ``word``: a piece for each word, and for what stands between two; tokens are words, then runs of
    2, …, ``longest`` words."""
    origins = [place for place, letter in enumerate(text) for _ in letter.lower()]
    origins.append(len(text))
    pieces: list[str] = []
    words: list[int] = []  # numbers of the pieces that are words
    end = 0
    for word in WORD.finditer(text.lower()):
        begin = origins[word.start()]
        if begin > end:
            pieces.append(text[end:begin])
        end = origins[word.end()]
        words.append(len(pieces))
        pieces.append(text[begin:end])
    if end < len(text):
        pieces.append(text[end:])
    covered = [
        tuple(words[begin : begin + length])
        for length in range(1, longest + 1)
        for begin in range(len(words) - length + 1)
    ]
    return pieces, covered
