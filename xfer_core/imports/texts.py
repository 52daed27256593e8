"""Texts: a column of a table (CSV, JSON Lines, Parquet, Excel), files of reviews, or class folders of text files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

import torch
from pydantic import Field

from xfer_core.config import read_fields
from xfer_core.domains.base import Card, Domain
from xfer_core.errors import XferError
from xfer_core.imports.archive import is_zip, names_in
from xfer_core.imports.base import Finding, Preview, Progress, domain_card, domain_key, part_of
from xfer_core.imports.cells import distinct_notes
from xfer_core.imports.labelled import Labelled
from xfer_core.imports.review_files import SUFFIX as REVIEWS
from xfer_core.imports.review_files import review_rows
from xfer_core.imports.roles import TableChoices
from xfer_core.imports.table_file import SUFFIXES, are_tables, holds_tables
from xfer_core.imports.text_folders import SUFFIX as FILES
from xfer_core.imports.text_folders import are_text_folders, read_folders
from xfer_core.imports.text_input import TextChoices
from xfer_core.imports.text_rows import label_texts
from xfer_core.imports.text_tables import is_table_of_texts, read_text_table
from xfer_core.modalities import TextInput
from xfer_core.modalities.text import encode_texts

TOKENS = ("words", "letters")


class FileChoices(TextChoices):
    """What a person can decide about texts in files of their own."""

    encoding: str = Field(default="", max_length=40)
    """Such as utf-8; empty: found out."""


class Texts(Finding):
    """Texts with a label, of which equal ones are one example."""

    modality = "text"

    choices: TextChoices
    _texts: list[str]
    """Of the samples, no longer than the input."""
    _spec: TextInput
    _labelled: Labelled

    @classmethod
    def reads(cls, path: Path, choices: Mapping[str, object]) -> bool:
        return bool(_kind_of_files(path)) or (holds_tables(path) and is_table_of_texts(path, choices))

    @classmethod
    def examine(cls, path: Path, choices: dict[str, object], progress: Progress) -> Self:
        """Read all of it.

        Raises:
            XferError: those of ``read_text_table`` and ``review_rows``, and of ``label_texts``; those of
                ``read_folders``.
        """
        found, skipped, notes = cls(), list[XferError](), list[XferError]()
        options: dict[str, tuple[str, ...]] = {}
        reading, labelling = part_of(progress, 0, 0.75), part_of(progress, 0.75, 1)
        kind = _kind_of_files(path)
        if kind == FILES:
            wanted = read_fields(FileChoices, choices)
            made = read_folders(path, wanted, wanted.encoding, skipped, notes, progress)
        elif kind == REVIEWS:
            wanted = read_fields(FileChoices, choices)
            rows = review_rows(path, wanted.encoding, skipped, reading)
            made = label_texts(rows, wanted, path.name, skipped, notes, labelling)
        else:
            wanted = read_fields(TableChoices, choices)
            rows, wanted, columns = read_text_table(path, wanted, skipped, notes, reading)
            made = label_texts(rows, wanted, path.name, skipped, notes, labelling)
            wanted = wanted.model_copy(update={"kind": "classes" if made[2].classes else "number"})
            options = dict.fromkeys(("text", "label", "domain", "group"), ("", *columns)) | {"label": columns}
        found.path, (found._spec, found._texts, found._labelled) = path, made
        tokens = "words" if found._spec.analyzer == "word" else "letters"
        found.choices = wanted.model_copy(update={"tokens": tokens, "length": found._spec.length})
        found.options = {**options, "tokens": TOKENS}
        found.domains = tuple(map(found._labelled.describe, found._labelled.domains))
        found.skipped, found.notes = tuple(skipped), distinct_notes(notes)
        progress(1.0)
        return found

    def preview(self, domain: str, count: int) -> list[Preview]:
        places = self._labelled.first_of_each_class(domain, count)
        return [Preview(self._texts[place], self._labelled.label_text(place)) for place in places]

    def build(self, key: str, card: Card, progress: Progress) -> Iterator[tuple[Domain, TextInput]]:
        labelled = self._labelled
        for number, found in enumerate(self.domains):
            places = labelled.rows_of(found.name)
            tested = None if labelled.tested is None else torch.from_numpy(labelled.tested[places])
            domain = Domain(
                key=domain_key(key, found.name),
                card=domain_card(card, found.name),
                pool=key,
                inputs=encode_texts([self._texts[place] for place in places.tolist()], self._spec.length),
                example_ids=torch.from_numpy(labelled.examples[places]),
                tasks={labelled.task: labelled.task_of(found.name)},
                official_test=tested if found.tested else None,
            )
            yield domain, self._spec
            progress((number + 1) / len(self.domains))


def _kind_of_files(path: Path) -> str:
    """The suffix of a folder's or zip's files of texts; empty if it holds none."""
    if path.is_file() and (path.suffix.lower() in SUFFIXES or not is_zip(path)):
        return ""
    places = names_in(path)
    if any(place.suffix.lower() == REVIEWS for place in places):
        return REVIEWS
    tables = [place for place in places if place.suffix.lower() in SUFFIXES]
    return FILES if are_text_folders(tables) and are_tables(places) else ""
