"""All cells of a table, or of the tables of a folder, and what a person can choose about them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field

from xfer_core.config import Name
from xfer_core.errors import XferError
from xfer_core.imports.base import Progress
from xfer_core.imports.columns import DOMAINS, DOMAINS_FOUND, GROUPS, Cells, find_named
from xfer_core.imports.table_file import FileChoices, RawTable, TableFile, read_table, table_files
from xfer_core.settings import settings


def _listed(value: object) -> object:
    """A text as a list: JSON, or words between commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [part.strip() for part in value.split(",") if part.strip()]


def _mapped(value: object) -> object:
    """A text as a mapping: JSON, or pairs such as ``0:healthy,1:ill``."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("{"):
        return json.loads(value)
    pairs = [pair.partition(":") for pair in value.split(",") if pair.strip()]
    return {name.strip(): label.strip() for name, _, label in pairs}


Names = Annotated[tuple[Name, ...], BeforeValidator(_listed)]


class RoleChoices(FileChoices):
    """Which column is what."""

    label: Name = Field(default="", title="Label")
    """The column that is to be predicted; empty: found out."""
    kind: str = Field(default="", pattern="^(classes|number)?$", title="Kind of label")
    """Whether the label is one of several classes, or a number; empty: found out."""
    domain: Name | None = Field(default=None, title="Domain")
    """The column whose values become domains; empty for none."""
    group: Name | None = Field(default=None, title="Group")
    """The column whose equal values belong together, such as a patient; empty for none."""
    names: Names = ()
    """Of the columns, in place of those in the file."""
    classes: Annotated[dict[str, Name], BeforeValidator(_mapped)] = Field(default_factory=dict[str, Name])
    """Class in the file → its name; classes of one name are joined. Such as 0:healthy,1:ill,2:ill."""


@dataclass
class Table:
    """The cells of one or several files.

    Attributes:
        columns: name → cells.
        names: of each row what it is called in an error.
        file_domain: of each row the domain that its file stands for; empty if there is one file.
        choices: how the first file is written.
        skipped, notes: of all files.
    """

    columns: dict[str, Cells]
    names: Sequence[str]
    file_domain: Cells
    choices: FileChoices
    skipped: list[XferError]
    notes: list[XferError]

    def column(self, name: str, field: str) -> Cells:
        """The cells of a column.

        Raises:
            XferError: ``unknown_column``, naming the field.
        """
        if name not in self.columns:
            raise XferError("unknown_column", field, name, allowed=tuple(self.columns))
        return self.columns[name]

    def numbers_of(self, columns: Sequence[str], progress: Progress) -> np.ndarray:
        """Of each row a number that rows with the same cells in these columns share, int64 (N,)."""
        numbers = np.zeros(len(self.names), dtype=np.int64)
        for place, name in enumerate(columns):
            progress(place / len(columns))
            places = {cell: number for number, cell in enumerate(dict.fromkeys(self.columns[name]))}
            own = np.array([places[cell] for cell in self.columns[name]], dtype=np.int64)
            _, numbers = np.unique(numbers * len(places) + own, return_inverse=True)
        return numbers


class _RowNames(Sequence[str]):
    """What rows are called, made when asked for."""

    def __init__(self, parts: list[tuple[str, list[int]]]) -> None:
        self._files = [name for name, rows in parts for _ in rows]
        self._rows = [row for _, rows in parts for row in rows]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: Any) -> Any:
        return f"{self._files[place]}, row {self._rows[place]}"


def read_cells(
    path: Path, choices: FileChoices, names: Sequence[str], progress: Progress, most: int | None = None
) -> Table:
    """All cells of a file, or of the files of a folder or zip, each of which stands for a domain; or only so many rows
    of the first one.

    Raises:
        XferError: those of ``read_table``; ``column_count`` for names that do not fit.
    """
    skipped = list[XferError]()
    files = table_files(path, skipped)[: 1 if most else None]
    if not files:
        raise XferError("no_reader", path.name, "no table in it")
    raws: list[RawTable] = []
    for place, file in enumerate(files):

        def report(fraction: float, place: int = place) -> None:
            progress((place + fraction) / len(files))

        raws.append(_renamed(file, read_table(file, choices, report, most), names))
        report(1.0)
    if (rows := sum(len(raw.rows) for raw in raws)) > (limit := settings().import_rows):
        raise XferError("import_rows", path.name, rows, limit=limit)
    every = list(dict.fromkeys(name for raw in raws for name in raw.columns))
    if len(every) > settings().import_columns:
        raise XferError("import_columns", path.name, len(every), limit=settings().import_columns)
    columns = {
        name: np.array([cell for raw in raws for cell in raw.columns.get(name, [""] * len(raw.rows))], dtype=object)
        for name in every
    }
    words = _distinguishing([file.name for file in files])
    domains = [word for word, raw in zip(words, raws, strict=True) for _ in raw.rows]
    return Table(
        columns,
        _RowNames([(file.name, raw.rows) for file, raw in zip(files, raws, strict=True)]),
        np.array(domains if len(files) > 1 else [""] * rows, dtype=object),
        raws[0].choices,
        skipped + [error for raw in raws for error in raw.skipped],
        [error for raw in raws for error in raw.notes],
    )


def _renamed(file: TableFile, raw: RawTable, names: Sequence[str]) -> RawTable:
    if names:
        if len(set(names)) != len(raw.columns):
            raise XferError("column_count", f"{file.name}, names", names, expected=len(raw.columns))
        raw.columns = dict(zip(names, raw.columns.values(), strict=True))
    return raw


def _distinguishing(files: Sequence[str]) -> list[str]:
    """Of each file the words of its name that not all others share: ``cleveland`` of ``processed.cleveland.data``."""
    parts = [re.split(r"[^\w]+|_", str(PurePosixPath(file).with_suffix(""))) for file in files]
    shared = set.intersection(*map(set, parts))
    own = ["_".join(word for word in words if word not in shared) for words in parts]
    return own if all(own) and len(set(own)) == len(own) else [PurePosixPath(file).stem for file in files]


def find_domain(table: Table, chosen: str | None, notes: list[XferError], title: str) -> tuple[str, Cells]:
    """Name of the column of domains, empty for none, and of each row its domain."""
    name = chosen
    if name is None:
        several = (table.file_domain != "").any()
        name = "" if several else find_named(table.columns, DOMAINS, DOMAINS_FOUND) or ""
        if name:
            notes.append(XferError("found_domain", title, name))
    return name, table.column(name, "domain") if name else table.file_domain


def find_group(table: Table, chosen: str | None, notes: list[XferError], title: str) -> tuple[str, Cells | None]:
    """Name of the column of groups, empty for none, and its cells."""
    name = chosen
    if name is None:
        name = find_named(table.columns, GROUPS, len(table.names) - 1) or ""
        if name:
            notes.append(XferError("found_group", title, name))
    return name, table.column(name, "group") if name else None


def distinct_notes(notes: Sequence[XferError]) -> tuple[XferError, ...]:
    """Each note once."""
    return tuple({str(note): note for note in notes}.values())
