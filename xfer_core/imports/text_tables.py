"""Texts in a table: whether a table is one of texts, and its rows with the column that holds them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xfer_core.config import read_fields
from xfer_core.errors import XferError
from xfer_core.imports.base import Progress, part_of
from xfer_core.imports.cells import read_cells
from xfer_core.imports.roles import TableChoices, find_roles, find_text, longest_column
from xfer_core.imports.text_rows import TextRows

HEAD = 500  # rows that say whether a table is one of texts


def is_table_of_texts(path: Path, choices: Mapping[str, object]) -> bool:
    """Whether a person says so, or the first rows do. What cannot be read is left to the reader of tables.

    Raises:
        XferError: for choices that no table has.
    """
    wanted = read_fields(TableChoices, choices)
    if wanted.text is not None:
        return bool(wanted.text)
    try:
        table = read_cells(path, wanted, wanted.names, float, HEAD)
        try:
            features = find_roles(table, wanted, path.name, []).features
        except XferError as error:
            if error.code != "no_label":
                raise
            features = tuple(table.columns)  # the first rows may all have the same label
        return find_text(table, features) is not None
    except XferError:
        return False


def read_text_table(
    path: Path, wanted: TableChoices, skipped: list[XferError], notes: list[XferError], progress: Progress
) -> tuple[TextRows, TableChoices, tuple[str, ...]]:
    """The rows of a table or of several ones, the choices with what was found out, and the names of all columns.

    Raises:
        XferError: those of ``read_cells`` and ``find_roles``; ``no_columns``.
    """
    table = read_cells(path, wanted, wanted.names, part_of(progress, 0, 0.85))
    notes += table.notes
    skipped += table.skipped
    roles = find_roles(table, wanted, path.name, notes)
    progress(0.9)
    text = wanted.text or find_text(table, roles.features) or longest_column(table, roles.features)
    if not text:
        raise XferError("no_columns", path.name, tuple(table.columns))
    progress(1.0)
    if others := [name for name in roles.features if name != text]:
        notes.append(XferError("found_text", text, others))
    rows = TextRows(
        task=roles.label,
        texts=table.columns[text],
        labels=roles.labels,
        domains=roles.domains,
        groups=roles.groups,
        names=table.names,
        kind=wanted.kind,
        renamed=wanted.classes,
        decimal=table.choices.decimal or ".",
    )
    found = wanted.model_copy(update={**table.choices.model_dump(), **roles.names(), "text": text})
    return rows, found, tuple(table.columns)
