"""Reads a table as text cells: CSV in any encoding and with any delimiter, JSON Lines, Parquet or Excel."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from pydantic import Field

from xfer_core.errors import XferError
from xfer_core.imports.archive import entries_of, is_zip, names_in
from xfer_core.imports.base import Choices, Progress
from xfer_core.imports.class_folders import PICTURES
from xfer_core.imports.typed_rows import as_text, clean_cell, excel_rows, json_lines, parquet_rows
from xfer_core.settings import settings

DELIMITED, LINES = (".csv", ".tsv", ".tab", ".txt", ".data"), (".jsonl", ".ndjson")
PARQUET, EXCEL = (".parquet", ".pq"), (".xlsx", ".xlsm")
SUFFIXES = (*DELIMITED, *LINES, *PARQUET, *EXCEL)
DELIMITERS = ("\t", ";", "|", ",")  # the first of those that fit equally well
HEAD = 1 << 16  # bytes that decide about delimiter, decimal sign and header
CHUNK = 5000  # rows
LONGEST_NAME = 100  # characters of a column's name
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
WITH_COMMA = re.compile(r"[-+]?\d+(\.\d{3})*,\d+")
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class FileChoices(Choices):
    """How a table is written. Empty: found out."""

    encoding: str = Field(default="", max_length=40)
    """Such as utf-8 or latin-1."""
    delimiter: str = Field(default="", max_length=1)
    """Between two cells."""
    decimal: str = Field(default="", pattern="^[.,]?$")
    """Before the digits behind the point."""
    header: str = Field(default="", pattern="^(yes|no)?$")
    """Whether the first row names the columns."""


@dataclass(frozen=True)
class TableFile:
    """One file that holds a table.

    Attributes:
        name: shown in errors.
        open: opens it.
        size: bytes.
    """

    name: str
    open: Callable[[], BinaryIO]
    size: int

    @property
    def suffix(self) -> str:
        """Of its name, in small letters."""
        return Path(self.name).suffix.lower()


@dataclass
class RawTable:
    """Cells as text, "" for a missing one.

    Attributes:
        columns: name → cells.
        rows: the number of each row in its file, which counts from 1 and includes the header.
        choices: with what was found out.
        skipped: one error for each row that is left out.
        notes: what was decided.
    """

    columns: dict[str, list[str]]
    rows: list[int]
    choices: FileChoices
    skipped: list[XferError] = field(default_factory=list[XferError])
    notes: list[XferError] = field(default_factory=list[XferError])


def holds_tables(path: Path) -> bool:
    """Whether this is a table, or a folder or zip with tables and without pictures; by the names."""
    if path.is_file() and (path.suffix.lower() in SUFFIXES or not is_zip(path)):
        return path.suffix.lower() in SUFFIXES
    return are_tables(names_in(path))


def are_tables(places: Iterable[PurePosixPath]) -> bool:
    """Whether there is a table among files of these names, and no picture."""
    suffixes = {place.suffix.lower() for place in places}
    return bool(suffixes & set(SUFFIXES)) and not suffixes & PICTURES


def table_files(path: Path, skipped: list[XferError]) -> list[TableFile]:
    """The table, or those of a folder or zip, in order.

    Args:
        path: the file, folder or zip.
        skipped: gets ``other_file`` for each file that holds no table.

    Raises:
        XferError: ``import_bytes``, or those of ``list_entries``.
    """
    limit = settings().import_megabytes
    if path.is_dir() or (path.suffix.lower() not in SUFFIXES and is_zip(path)):
        entries = entries_of(path, SUFFIXES, skipped)
        return [
            TableFile(str(entry.place), lambda entry=entry: io.BytesIO(entry.read()), entry.size) for entry in entries
        ]
    if path.stat().st_size > limit * 1_000_000:
        raise XferError("import_bytes", path.name, f"{path.stat().st_size / 1e6:,.0f} MB", limit=limit)
    return [TableFile(path.name, lambda: path.open("rb"), path.stat().st_size)]


def read_table(file: TableFile, choices: FileChoices, progress: Progress = float, most: int | None = None) -> RawTable:
    """The cells of a table.

    Args:
        file: to be read.
        choices: how it is written.
        progress: called with the fraction that is done.
        most: rows to be read; None for all.

    Raises:
        XferError: ``not_text``, ``open_quote``, ``long_cell``, ``wrong_encoding``, ``import_rows``, ``import_columns``,
            ``empty_table``, ``broken_table`` or ``no_package``, naming the file.
    """
    if file.suffix in PARQUET:
        return _named(file, parquet_rows(file, most, progress), choices)
    if file.suffix in EXCEL:
        return _headed(file, excel_rows(file, progress), choices, most)
    encoding = choices.encoding or find_encoding(file)
    choices = choices.model_copy(update={"encoding": encoding})
    if file.suffix in LINES:
        return _named(file, json_lines(file, encoding, most, progress), choices)
    head = _head(file, encoding)
    delimiter = choices.delimiter or _delimiter(head)
    choices = choices.model_copy(update={"delimiter": delimiter})
    made = _headed(file, _csv_rows(file, encoding, delimiter, progress), choices, most)
    if not encoding.startswith(("utf", "ascii")):
        made.notes.append(XferError("found_encoding", file.name, encoding))
    return made


# ---------------------------------------------------------------------- CSV


def find_encoding(file: TableFile) -> str:
    """The encoding: by its mark; UTF-8 if all of it can be that; else that of Windows, which Latin-1 is a part of.

    Raises:
        XferError: ``not_text``.
    """
    with file.open() as stream:
        head = stream.read(HEAD)
        marked = next((name for mark, name in BOMS if head.startswith(mark)), None)
        if marked:
            return marked
        if b"\0" in head:
            if not head[1:400:2].strip(b"\0"):
                return "utf-16-le"
            raise XferError("not_text", file.name, head[:8])
        fitting = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8", "cp1252")}
        for part in chain([head], iter(lambda: stream.read(1 << 20), b"")):
            for name in list(fitting):
                try:
                    fitting[name].decode(part)
                except UnicodeDecodeError:
                    del fitting[name]
        return next(iter(fitting), "latin-1")


def _head(file: TableFile, encoding: str) -> str:
    """Whole lines from its beginning."""
    with file.open() as stream:
        part = stream.read(HEAD)
    try:
        text = part.decode(encoding, errors="replace")
    except LookupError:
        raise XferError("wrong_encoding", file.name, encoding) from None
    return text if len(part) < HEAD else text[: text.rfind("\n") + 1] or text


def _delimiter(head: str) -> str:
    """The one that cuts most rows, the first among them, into the same number of cells above one."""
    best, most = ",", 0.0
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter) if row]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        alike = Counter(widths)[widths[0]] / len(widths)
        if alike > most + 0.02:
            best, most = delimiter, alike
    return best


def _csv_rows(file: TableFile, encoding: str, delimiter: str, progress: Progress) -> Iterator[list[str]]:
    """Its rows; an empty list for an empty line."""
    number, limit = 0, settings().import_cell
    csv.field_size_limit(limit)  # of the whole process
    with file.open() as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
        rows = csv.reader(text, delimiter=delimiter, strict=True)
        try:
            for number, row in enumerate(rows, 1):
                yield row
                if not number % CHUNK:
                    progress(stream.tell() / file.size)
        except UnicodeError:
            raise XferError("wrong_encoding", file.name, encoding) from None
        except csv.Error as error:
            if "field limit" in str(error):
                raise XferError("long_cell", f"{file.name}, row {number + 1}", "more", limit=limit) from None
            raise XferError("open_quote", f"{file.name}, row {number + 1}", str(error)) from None


def has_header(rows: list[list[str]]) -> bool:
    """Whether the first of these rows names the columns: names are no numbers, not missing, and stand in no cell below
    them."""
    first, below = [cell.strip() for cell in rows[0]], rows[1:]
    if not below or any(first[place] in {row[place].strip() for row in below if place < len(row)} and first[place]
                        for place in range(len(first))):  # fmt: skip
        return not below and not any(map(_is_number, first))
    numbers = sum(_is_number(cell) for cell in first)
    return numbers < max(1, len(first) / 2) and "?" not in first


def _is_number(cell: str) -> bool:
    return bool(NUMBER.fullmatch(cell.strip()) or WITH_COMMA.fullmatch(cell.strip()))


def _has_decimal_comma(rows: list[list[str]]) -> bool:
    """Whether more cells have a comma before their last digits than a point."""
    cells = [cell.strip() for row in rows for cell in row]
    comma = [cell for cell in cells if WITH_COMMA.fullmatch(cell)]
    point = sum(1 for cell in cells if "." in cell and NUMBER.fullmatch(cell))
    return len(comma) > point and any(len(cell.rpartition(",")[2]) != 3 for cell in comma)


def _headed(file: TableFile, rows: Iterator[list[str]], choices: FileChoices, most: int | None) -> RawTable:
    """A table of rows whose first one may name the columns.

    Raises:
        XferError: ``empty_table``, ``import_columns``, ``import_rows``.
    """
    limits = settings()
    head = list(islice(rows, 500))
    first = next((row for row in head if any(map(str.strip, row))), None)
    if first is None:
        raise XferError("empty_table", file.name, "")
    if len(first) > limits.import_columns:
        raise XferError("import_columns", file.name, len(first), limit=limits.import_columns)
    alike = [row for row in head if len(row) == len(first)]
    named = choices.header == "yes" or (not choices.header and has_header(alike))
    decimal = choices.decimal or ("," if _has_decimal_comma(alike) else ".")
    made = RawTable({}, [], choices.model_copy(update={"header": "yes" if named else "no", "decimal": decimal}))
    if not named:
        made.notes.append(XferError("found_no_header", file.name, first))
    if decimal == ",":
        made.notes.append(XferError("found_decimal", file.name, ","))
    names = _distinct_names(first if named else [""] * len(first), made.notes)
    cells: list[list[str]] = [[] for _ in names]
    chunk: list[list[str]] = []
    waiting = named
    for number, row in enumerate(chain(head, rows), 1):
        if not any(row):
            continue
        if waiting:
            waiting = False
            continue
        if len(row) != len(names):
            made.skipped.append(XferError("row_cells", f"{file.name}, row {number}", len(row), expected=len(names)))
            continue
        chunk.append(row)
        made.rows.append(number)
        if len(chunk) == CHUNK:
            _append(cells, chunk)
        if len(made.rows) > limits.import_rows:
            raise XferError("import_rows", file.name, f"{len(made.rows)} and more", limit=limits.import_rows)
        if len(made.rows) == most:
            break
    _append(cells, chunk)
    if not made.rows:
        raise made.skipped[0] if made.skipped else XferError("empty_table", file.name, first)
    made.columns = dict(zip(names, cells, strict=True))
    return made


def _append(cells: list[list[str]], chunk: list[list[str]]) -> None:
    """Move rows into the columns; equal cells are one object."""
    for column, added in zip(cells, zip(*chunk, strict=True), strict=bool(chunk)):
        column += [clean_cell(cell) for cell in added]
    chunk.clear()


def _distinct_names(given: Iterable[str], notes: list[XferError]) -> list[str]:
    """A name for each column, no two alike."""
    names: list[str] = []
    taken = set[str]()
    for place, text in enumerate(given, 1):
        name = short = " ".join(text.split())[:LONGEST_NAME] or f"column {place}"
        count = 1
        while name in taken:
            count += 1
            name = f"{short} ({count})"
        if count > 1:
            notes.append(XferError("column_twice", short, name))
        taken.add(name)
        names.append(name)
    return names


# ---------------------------------------------------------------------- formats whose rows name their cells


def _named(file: TableFile, rows: Iterator[tuple[int, dict[str, Any]]], choices: FileChoices) -> RawTable:
    """A table of rows that name their cells."""
    limits, made = settings(), RawTable({}, [], choices)
    for number, row in rows:
        for name in [name for name in row if name not in made.columns]:
            made.columns[name] = [""] * len(made.rows)
        if len(made.columns) > limits.import_columns:
            raise XferError("import_columns", file.name, len(made.columns), limit=limits.import_columns)
        for name, cells in made.columns.items():
            cells.append(as_text(row.get(name)))
        made.rows.append(number)
        if len(made.rows) > limits.import_rows:
            raise XferError("import_rows", file.name, f"{len(made.rows)} and more", limit=limits.import_rows)
    if not made.rows or not made.columns:
        raise XferError("empty_table", file.name, "")
    names = _distinct_names(made.columns, made.notes)
    made.columns = dict(zip(names, made.columns.values(), strict=True))
    return made
