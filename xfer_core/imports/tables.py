"""A table: CSV, JSON Lines, Parquet or Excel; or a folder or zip of tables, each of which is a domain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
import torch

from xfer_core.config import read_fields
from xfer_core.domains.base import Card, Domain
from xfer_core.errors import XferError
from xfer_core.imports.base import Finding, Preview, Progress, domain_card, domain_key
from xfer_core.imports.cells import Names, RoleChoices, Table, distinct_notes, find_domain, find_group, read_cells
from xfer_core.imports.columns import Values, find_label, read_column
from xfer_core.imports.labelled import Labelled, read_labelled
from xfer_core.imports.table_file import holds_tables
from xfer_core.modalities import TableInput
from xfer_core.settings import settings


class TableChoices(RoleChoices):
    """What a person can decide about a table."""

    categories: Names = ()
    """Columns of numbers that are categories, such as a code."""
    leave_out: Names = ()
    """Columns that nothing is to be learnt from."""


class Tables(Finding):
    """Rows of numbers, categories and dates, with a label."""

    modality = "table"

    choices: TableChoices
    _table: Table
    _values: list[Values]
    """The columns that a label is predicted from."""
    _labelled: Labelled

    @classmethod
    def reads(cls, path: Path) -> bool:
        return holds_tables(path)

    @classmethod
    def examine(cls, path: Path, choices: dict[str, object], progress: Progress) -> Self:
        """Read all cells, then find out what the columns are.

        Raises:
            XferError: those of ``read_cells`` and ``read_labelled``; ``unknown_column``, ``no_label``, ``no_columns``.
        """
        found, wanted = cls(), read_fields(TableChoices, choices)
        table = read_cells(path, wanted, wanted.names, lambda fraction: progress(fraction * 0.7))
        notes, skipped = table.notes, table.skipped
        for name in (*wanted.categories, *wanted.leave_out):
            table.column(name, "categories" if name in wanted.categories else "leave_out")
        decimal = table.choices.decimal or "."
        domain, domains = find_domain(table, wanted.domain, notes, path.name)
        group, groups = find_group(table, wanted.group, notes, path.name)
        used = {domain, group, *wanted.leave_out}
        label = wanted.label
        if not label:
            others = {name: cells for name, cells in table.columns.items() if name not in used}
            label = find_label(others, decimal, settings().import_classes) or ""
            if not label:
                raise XferError("no_label", path.name, tuple(table.columns))
            notes.append(XferError("found_label", path.name, label))
        cells = table.column(label, "label")
        features = [name for name in table.columns if name not in used | {label}]
        contents = table.numbers_of([*features, label])
        found._labelled = read_labelled(
            path.name, (label, cells), domains, groups, contents, table.names, wanted.classes, wanted.kind, decimal,
            skipped, notes,
        )  # fmt: skip
        found._values = _read_features(table, features, found._labelled.kept, decimal, wanted, progress)
        if not found._values:
            raise XferError("no_columns", path.name, tuple(table.columns))
        found.path, found._table = path, table
        chosen = {**table.choices.model_dump(), "label": label, "domain": domain, "group": group}
        chosen["kind"] = "classes" if found._labelled.classes else "number"
        found.choices = wanted.model_copy(update=chosen)
        columns = tuple(table.columns)
        found.options = {"label": columns, "domain": ("", *columns), "group": ("", *columns)}
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
    table: Table, features: list[str], kept: np.ndarray, decimal: str, wanted: TableChoices, progress: Progress
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
        progress(0.75 + 0.25 * place / len(features))
    return made
