"""Two domains of sentences, of which the tokens are words and pairs of words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from xfer_core.domains import Card, Domain, DomainInfo, Task, registry
from xfer_core.modalities import TextInput
from xfer_core.modalities.text import encode_texts
from xfer_core.problems.problem import Problem

SENTENCES = TextInput(length=40, tokens=8, analyzer="word", vocabulary=40, words=2)
NOUNS = {"moods.first": "film", "moods.second": "pan"}


def _domain(key: str, card: Card) -> Domain:
    texts = [f"{word} {NOUNS[key]} {number}th" for number in range(40) for word in ("good", "bad")]
    mood = Task("mood", torch.arange(80) % 2, ("good", "bad"))
    return Domain(key, card, key, encode_texts(texts, SENTENCES.length), torch.arange(80), {"mood": mood})


@pytest.fixture
def moods() -> Iterator[Problem]:
    """Good and bad films, and pans."""
    for key in NOUNS:
        card = Card(key, key, "made up", "none", "none")
        build = lambda key=key, card=card: _domain(key, card)  # noqa: E731
        registry().add(key, DomainInfo(card, 80, SENTENCES, {"mood": ("good", "bad")}, build))
    yield Problem(source=("moods.first",), target=("moods.second",), tasks=("mood",))
    for key in NOUNS:
        registry().remove(key)
