"""Rows of tables in formats whose cells have types, as text cells: JSON Lines, Parquet, Excel."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import date, time
from itertools import islice
from sys import intern
from typing import TYPE_CHECKING, Any

from xfer_core.errors import XferError
from xfer_core.imports.base import Progress
from xfer_core.settings import settings

if TYPE_CHECKING:
    from xfer_core.imports.table_file import TableFile

MISSING = {"", "?", "na", "n/a", "#n/a", "nan", "null", "none", "-", "."}
BATCH = 5000  # rows between two reports of progress, and of Parquet those that are read together


def clean_cell(cell: str) -> str:
    """Without blanks around it; empty if it stands for a missing value."""
    cell = cell.strip()
    return "" if cell.casefold() in MISSING else intern(cell)


def as_text(value: Any) -> str:
    """A typed cell as text."""
    if value is None or value != value:
        return ""
    if isinstance(value, bytes):
        return clean_cell(value.decode(errors="replace"))
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (date, time)):
        return value.isoformat()
    return clean_cell(str(value))


def json_lines(
    file: TableFile, encoding: str, most: int | None, progress: Progress
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and cells of each row of JSON Lines, ``most`` at most.

    Raises:
        XferError: ``broken_table`` or ``not_an_object``, naming the row.
    """
    with file.open() as stream, io.TextIOWrapper(stream, encoding) as lines:
        for number, line in enumerate(islice(lines, most), 1):
            if not number % BATCH:
                progress(stream.tell() / file.size)
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise XferError("broken_table", f"{file.name}, row {number}", line[:80], reason=error) from None
            if not isinstance(row, dict):
                raise XferError("not_an_object", f"{file.name}, row {number}", line[:80])
            yield number, row


def parquet_rows(file: TableFile, most: int | None, progress: Progress) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number and cells of each row of Parquet, ``most`` at most.

    Raises:
        XferError: ``import_columns``, ``import_rows`` or ``broken_table``.
    """
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    limits = settings()
    try:
        with file.open() as stream:
            table = ParquetFile(stream)
            if table.metadata.num_columns > limits.import_columns:
                found = table.metadata.num_columns
                raise XferError("import_columns", file.name, found, limit=limits.import_columns)
            if table.metadata.num_rows > limits.import_rows:
                raise XferError("import_rows", file.name, table.metadata.num_rows, limit=limits.import_rows)
            number = 0
            for batch in table.iter_batches(BATCH):
                for row in batch.to_pylist():
                    if number == most:
                        return
                    number += 1
                    yield number, row
                progress(number / table.metadata.num_rows)
    except (ArrowException, OSError, ValueError) as error:
        if isinstance(error, XferError):
            raise
        raise XferError("broken_table", file.name, file.suffix, reason=error) from None


def excel_rows(file: TableFile, progress: Progress) -> Iterator[list[str]]:
    """The rows of the first sheet of Excel; of a formula the value that was stored with it.

    Raises:
        XferError: ``no_package``, ``import_bytes`` or ``broken_table``.
    """
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise XferError("no_package", file.name, "openpyxl", package="openpyxl") from None
    try:
        with file.open() as stream:
            content = io.BytesIO(stream.read())
        with zipfile.ZipFile(content) as archive:
            unpacked, limit = sum(info.file_size for info in archive.infolist()), settings().import_megabytes
        if unpacked > limit * 1_000_000:
            raise XferError("import_bytes", file.name, f"{unpacked / 1e6:,.0f} MB", limit=limit)
        book = load_workbook(content, read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        count = sheet.max_row or 1  # as the file says, which may be wrong
        sheet.reset_dimensions()
        width = 0
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            if not number % BATCH:
                progress(min(1.0, number / count))
            cells = [as_text(cell) for cell in row]
            while len(cells) > width and not cells[-1]:
                cells.pop()
            width = width or len(cells)
            yield cells + [""] * (width - len(cells)) if cells else []
    except XferError:
        raise
    except Exception as error:  # openpyxl lets errors of every kind of XML and zip through
        raise XferError("broken_table", file.name, file.suffix, reason=error) from None
