"""What is found out about somebody's own data, before anything of it is stored: the contract of every reader."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Self

from xfer_core.config import Config
from xfer_core.domains.base import Card, Domain
from xfer_core.errors import XferError
from xfer_core.modalities import InputSpec

LEAST = 4  # different samples of a class: one for training, validation and test, and one with a label in the target

Progress = Callable[[float], object]
"""Called with the fraction that is done, 0 to 1."""


def part_of(progress: Progress, begin: float, end: float) -> Progress:
    """Progress of a part of the work, which lies between these two fractions of all of it."""
    return lambda fraction: progress(begin + (end - begin) * fraction)


class Choices(Config):
    """What a person can decide about an import, such as which column holds the label. Every field has a default, which
    means: find it out."""


@dataclass(frozen=True)
class FoundDomain:
    """One domain that an import makes.

    Attributes:
        name: one word, such as ``target``; empty if the import makes only one domain.
        samples: their number.
        tasks: for each task, class → number of samples; empty for a regression.
        tested: samples of the official test set; 0 if there is none.
    """

    name: str
    samples: int
    tasks: dict[str, dict[str, int]]
    tested: int = 0


@dataclass(frozen=True)
class Preview:
    """One sample for people.

    Attributes:
        content: a picture as PNG, a text, or column → value of a row.
        label: of the first task.
    """

    content: bytes | str | dict[str, str]
    label: str


class Finding(ABC):
    """What one reader understood of a file or a folder. Each reader is one subclass, named in ``READERS``."""

    modality: ClassVar[str]

    path: Path
    choices: Choices
    """As given, with what was found out in place of the defaults."""
    options: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """Field of ``choices`` that a person should see → the values that it can have, such as the columns of a table."""
    domains: tuple[FoundDomain, ...]
    skipped: tuple[XferError, ...]
    """One error for each file or row that does not become a sample; its field names the file or the row."""
    notes: tuple[XferError, ...]
    """What was decided without being asked, such as the encoding."""

    @classmethod
    @abstractmethod
    def reads(cls, path: Path, choices: Mapping[str, object]) -> bool:
        """Whether this is a file or folder for this reader, by a look at names, first rows and what was chosen.

        Raises:
            XferError: for choices that no reader could have.
        """

    @classmethod
    @abstractmethod
    def examine(cls, path: Path, choices: dict[str, object], progress: Progress) -> Self:
        """Look at all of it and store nothing.

        Args:
            path: the file or folder.
            choices: values of fields of this reader's ``Choices``.
            progress: may be called from 0 to 1.

        Raises:
            XferError: if no domain can be made of it, naming file and rule.
        """

    @abstractmethod
    def preview(self, domain: str, count: int) -> list[Preview]:
        """Up to so many samples of a domain, of different classes as far as there are."""

    @abstractmethod
    def build(self, key: str, card: Card, progress: Progress) -> Iterator[tuple[Domain, InputSpec]]:
        """The domains, one after the other, in the order of ``domains``.

        Args:
            key: of the import; that of a domain is :func:`domain_key` of it.
            card: of the import; a domain's title names the domain, too.
            progress: called from 0 to 1.
        """


def domain_key(key: str, name: str) -> str:
    """The key of one domain of an import."""
    return f"{key}.{name}" if name else key


def domain_card(card: Card, name: str) -> Card:
    """The card of one domain of an import: its title names the domain, too."""
    return replace(card, title=f"{card.title}, {name}") if name else card


def check_shared_class(field: str, classes: Mapping[str, Sequence[str]]) -> None:
    """Reject several domains no two of which share a class. That any two do is not asked for: a problem picks its
    domains later, and a run whose method keeps the head checks those (``no_shared_class``).

    Args:
        field: file or task, for the error.
        classes: domain → the different classes that it has samples of.

    Raises:
        XferError: ``no_class_in_two``.
    """
    in_domains = Counter(name for names in classes.values() for name in names)
    if len(classes) > 1 and max(in_domains.values(), default=0) < 2:
        found = "; ".join(f"{domain}: {', '.join(own)}" for domain, own in classes.items())
        raise XferError("no_class_in_two", field, found)


def first_of_each(labels: Iterable[tuple[int, Hashable]], count: int) -> list[int]:
    """Up to so many rows of different classes as far as there are: the first of each class, then the second ones.

    Args:
        labels: row and class of each sample, in order; classes are sortable.
        count: rows, at most.
    """
    by_class: dict[Any, list[int]] = {}
    for row, label in labels:
        by_class.setdefault(label, []).append(row)
    ranked = sorted((rank, label, row) for label, of in by_class.items() for rank, row in enumerate(of[:count]))
    return [row for _, _, row in ranked[:count]]
