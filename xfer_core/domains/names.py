"""Names: which language is this name from? Family names, names of places and given names of eight languages.

The lists are those of faker. The same version gives the same names in the same order.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from importlib import import_module

import numpy as np
import torch

from xfer_core.domains.base import Card, Domain, DomainInfo, Task, text_examples
from xfer_core.errors import XferError
from xfer_core.modalities.text import TextInput, encode_texts

SPEC = TextInput(length=40, tokens=64)
LOCALES = {
    "Croatian": "hr_HR",
    "Czech": "cs_CZ",
    "Dutch": "nl_NL",
    "Finnish": "fi_FI",
    "German": "de_DE",
    "Indonesian": "id_ID",
    "Italian": "it_IT",
    "Swedish": "sv_SE",
}
LANGUAGES = tuple(LOCALES)
BESIDE_LETTERS = " -'’."  # characters of a name; one with any other, such as a bracket, is dropped


def _usable(name: str) -> bool:
    """Whether it is a name, and not a placeholder, a format or a note."""
    letters = name.translate(str.maketrans("", "", BESIDE_LETTERS))
    return letters.isalpha() and len(name.encode()) <= SPEC.length


def _listed(provider: str, lists: tuple[str, ...]) -> dict[str, list[str]]:
    """Language → its names, each once, without those that several languages share, in alphabetical order.

    Args:
        provider: of faker, ``person`` or ``address``.
        lists: names of its attributes.
    """
    try:
        providers = {
            name: import_module(f"faker.providers.{provider}.{code}").Provider for name, code in LOCALES.items()
        }
    except ImportError:
        raise XferError("no_package", "domain", "faker", package="faker") from None
    found: dict[str, dict[str, str]] = {}
    for language, module in providers.items():
        every = sorted({name.strip() for part in lists for name in getattr(module, part)})
        found[language] = {name.casefold(): name for name in every if _usable(name)}
    languages = Counter(folded for names in found.values() for folded in names)
    return {
        language: [name for folded, name in names.items() if languages[folded] == 1]
        for language, names in found.items()
    }


def build_domain(key: str, card: Card, provider: str, lists: tuple[str, ...], counts: tuple[int, ...]) -> Domain:
    """So many names of each language, chosen at random from all, always the same."""
    texts: list[str] = []
    labels: list[int] = []
    random = np.random.default_rng(11)
    for label, (names, count) in enumerate(zip(_listed(provider, lists).values(), counts, strict=True)):
        texts += [names[place] for place in random.permutation(len(names))[:count]]
        labels += [label] * count
    return Domain(
        key=key,
        card=card,
        pool="names",
        inputs=encode_texts(texts, SPEC.length),
        example_ids=text_examples(name.casefold() for name in texts),
        tasks={"language": Task("language", torch.tensor(labels), LANGUAGES)},
    )


def _info(
    key: str, title: str, description: str, provider: str, lists: tuple[str, ...], counts: tuple[int, ...]
) -> DomainInfo:
    recipe = (
        "names that several languages share and entries that are not a name are left out; at most 400 of a language"
    )
    card = Card(title, description, "lists of faker 40, a generator of test data", "MIT", recipe)
    return DomainInfo(
        card=card,
        samples=sum(counts),
        spec=SPEC,
        tasks={"language": LANGUAGES},
        build=partial(build_domain, key, card, provider, lists, counts),
    )


# Fewer names than faker 40.63 has of a language, so that a list may lose some without changing the size of a domain.
DOMAINS: dict[str, DomainInfo] = {
    "names.family": _info(
        "names.family",
        "Family names",
        "Family names of eight languages.",
        "person",
        ("last_names",),
        (400, 190, 400, 360, 380, 165, 400, 400),
    ),
    "names.places": _info(
        "names.places",
        "Names of places",
        "Names of towns in the countries of eight languages.",
        "address",
        ("cities",),
        (120, 400, 400, 300, 380, 90, 400, 42),
    ),
    "names.given": _info(
        "names.given",
        "Given names",
        "Given names of eight languages.",
        "person",
        ("first_names_male", "first_names_female"),
        (90, 160, 290, 240, 400, 400, 280, 350),
    ),
}
