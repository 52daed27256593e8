"""A table: CSV, JSON Lines, Parquet or Excel; or a folder or zip of tables, each of which is a domain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import torch

from xfer_core.config import read_fields
from xfer_core.domains.base import Card, Domain
from xfer_core.errors import XferError
from xfer_core.imports.base import Finding, Preview, Progress, domain_card, domain_key, part_of
from xfer_core.imports.cells import Table, distinct_notes, read_cells
from xfer_core.imports.columns import IDS, Values, plain_name, read_column
from xfer_core.imports.labelled import Labelled, read_labelled
from xfer_core.imports.roles import TableChoices, find_roles
from xfer_core.imports.table_file import holds_tables
from xfer_core.modalities import TableInput


class Tables(Finding):
    """Rows of numbers, categories and dates, with a label."""

    modality = "table"

    choices: TableChoices
    _table: Table
    _values: list[Values]
    """The columns that a label is predicted from."""
    _labelled: Labelled

    @classmethod
    def reads(cls, path: Path, choices: Mapping[str, object]) -> bool:
        return holds_tables(path)

    @classmethod
    def examine(cls, path: Path, choices: dict[str, object], progress: Progress) -> Self:
        """Read all cells, then find out what the columns are.

        Raises:
            XferError: those of ``read_cells``, ``find_roles`` and ``read_labelled``; ``no_columns``.
        """
        found, wanted = cls(), read_fields(TableChoices, choices)
        table = read_cells(path, wanted, wanted.names, part_of(progress, 0, 0.5))
        notes, skipped = table.notes, table.skipped
        decimal = table.choices.decimal or "."
        roles = find_roles(table, wanted, path.name, notes)
        contents = table.numbers_of([*roles.features, roles.label], part_of(progress, 0.5, 0.7))
        found._labelled = read_labelled(
            path.name, (roles.label, roles.labels), roles.domains, roles.groups, contents, table.names, wanted.classes,
            wanted.kind, decimal, skipped, notes,
        )  # fmt: skip
        found._values = _read_features(
            table, roles.features, found._labelled.kept, decimal, wanted, part_of(progress, 0.75, 1)
        )
        if not found._values:
            raise XferError("no_columns", path.name, tuple(table.columns))
        found.path, found._table = path, table
        chosen = {**table.choices.model_dump(), **roles.names()}
        chosen |= {"kind": "classes" if found._labelled.classes else "number", "text": ""}
        found.choices = wanted.model_copy(update=chosen)
        columns = tuple(table.columns)
        found.options = {"label": columns, "domain": ("", *columns), "group": ("", *columns)}
        if texts := [note.field for note in notes if note.code == "column_names" and plain_name(note.field) not in IDS]:
            found.options |= {"text": ("", *texts)}
        found.domains = tuple(map(found._labelled.describe, found._labelled.domains))
        found.skipped, found.notes = tuple(skipped), distinct_notes(notes)
        progress(1.0)
        return found

    def preview(self, domain: str, count: int) -> list[Preview]:
        made = list[Preview]()
        for place in self._labelled.first_of_each_class(domain, count):
            row = self._labelled.kept[place]
            content = {one.column.name: str(self._table.columns[one.column.name][row]) for one in self._values}
            made.append(Preview(content, self._labelled.label_text(place)))
        return made

    def build(self, key: str, card: Card, progress: Progress) -> Iterator[tuple[Domain, TableInput]]:
        for number, found in enumerate(self.domains):
            places = self._labelled.rows_of(found.name)
            rows = self._labelled.kept[places]
            own = [one for one in self._values if not np.isnan(one.numbers[rows]).all()]
            inputs = np.stack([one.numbers[rows] for one in own], 1).astype(np.float32)
            domain = Domain(
                key=domain_key(key, found.name),
                card=domain_card(card, found.name),
                pool=key,
                inputs=torch.from_numpy(inputs),
                example_ids=torch.from_numpy(self._labelled.examples[places]),
                tasks={self._labelled.task: self._labelled.task_of(found.name)},
            )
            yield domain, TableInput(tuple(one.column for one in own))
            progress((number + 1) / len(self.domains))


def _read_features(
    table: Table, features: Sequence[str], kept: np.ndarray, decimal: str, wanted: TableChoices, progress: Progress
) -> list[Values]:
    """The values of the columns over all rows, by what the rows that are kept hold."""
    made = list[Values]()
    for place, name in enumerate(features):
        cells = table.columns[name]
        values = read_column(name, cells[kept], decimal, name in wanted.categories, table.notes)
        if values is not None:
            numbers = np.full(len(cells), np.nan)
            numbers[kept] = values.numbers
            made.append(Values(values.column, numbers))
        progress(place / len(features))
    return made
