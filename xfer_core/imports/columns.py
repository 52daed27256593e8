"""What the columns of a table are: numbers, categories, dates or words; and which holds label, domain or group."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from itertools import islice

import numpy as np

from xfer_core.errors import XferError
from xfer_core.modalities import Column

LABELS = ("label", "class", "target", "y", "outcome", "diagnosis", "category", "species", "sentiment", "language")
DOMAINS = ("domain", "hospital", "site", "center", "centre", "clinic")
GROUPS = (
    "group",
    "patient",
    "subject",
    "writer",
    "patientid",
    "subjectid",
    "writerid",
    "userid",
    "user",
    "participant",
)
IDS = ("id", "index", "rowid", "uniqueid", "uuid")
CATEGORIES = 50  # of one column; one with more holds words
CLASSES_OF_NUMBERS = 20  # whole numbers with more values are predicted as a number
DOMAINS_FOUND = 20  # values of a column that is taken for that of the domain without being asked
WORDS = 0.1  # share of cells that may be no numbers in a column of numbers
SPELLINGS = 3  # different ones of such cells
MAX = float(np.finfo(np.float32).max)
ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?")
DAYS = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})")
Cells = np.ndarray
"""Texts, "" for a missing one: object (N,)."""


@dataclass(frozen=True)
class Values:
    """The values of one column.

    Attributes:
        column: its kind.
        numbers: float64 (N,), NaN for a missing value; of categories the index.
    """

    column: Column
    numbers: np.ndarray


def plain_name(name: str) -> str:
    """A column's name as it is compared: small letters and digits."""
    return re.sub(r"[^a-z0-9]+", "", name.casefold())


def to_numbers(cells: Cells, decimal: str) -> np.ndarray:
    """The cells as numbers: float64 (N,); NaN for one that is none, or that float32 cannot hold."""
    distinct, places = _distinct(cells)
    values = np.array([_number(cell, decimal) for cell in distinct])[places]
    values[~(np.abs(values) <= MAX)] = np.nan
    return values


def _distinct(cells: Cells) -> tuple[list[str], np.ndarray]:
    """The different cells in the order in which they come, and for each cell its place among them."""
    places = {cell: place for place, cell in enumerate(dict.fromkeys(cells))}
    return list(places), np.array([places[cell] for cell in cells], dtype=np.int64)


def _number(cell: str, decimal: str) -> float:
    if decimal == ",":
        cell = cell.replace(".", "").replace(",", ".") if "," in cell else cell
    try:
        return float(cell) if "_" not in cell else np.nan
    except ValueError:
        return np.nan


def read_column(name: str, cells: Cells, decimal: str, categorical: bool, notes: list[XferError]) -> Values | None:
    """Kind and values of a column; None, and a note, if nothing can be learnt from it."""
    present = cells != ""
    found = set(cells[present])
    if not categorical and _are_names(found, int(present.sum()), decimal):
        notes.append(XferError("column_names", name, nsmallest(3, found)))
        return None
    distinct = sorted(found)
    if len(distinct) < 2:
        code = "column_constant" if distinct else "column_missing"
        notes.append(XferError(code, name, distinct))
        return None
    numbers = to_numbers(cells, decimal)
    words = set(cells[present & np.isnan(numbers)])
    few = len(words) <= SPELLINGS and np.isnan(numbers[present]).mean() <= WORDS
    if few and not categorical:
        if words:
            notes.append(XferError("column_words", name, sorted(words)))
        if len(np.unique(numbers[~np.isnan(numbers)].astype(np.float32))) < 2:
            notes.append(XferError("column_constant", name, distinct))
            return None
        is_id = plain_name(name) in IDS and len(distinct) == len(cells)
        if is_id:
            notes.append(XferError("column_names", name, distinct[:3]))
        return None if is_id else Values(Column(name), numbers)
    if not categorical and all(map(_is_date, distinct)):
        return _dates(name, cells, distinct, notes)
    if not np.isnan(numbers[present]).any():  # one file may write 1 and another one 1.0
        cells = np.array(["" if np.isnan(number) else f"{number:g}" for number in numbers], dtype=object)
        distinct = [f"{number:g}" for number in np.unique(numbers[present])]
    if _are_too_many(len(distinct), int(present.sum())):
        notes.append(XferError("column_names", name, distinct[:3]))
        return None
    places: dict[str, float] = {cell: place for place, cell in enumerate(distinct)} | {"": np.nan}
    return Values(Column(name, tuple(distinct)), np.array([places[cell] for cell in cells], dtype=np.float64))


def _are_names(distinct: set[str], present: int, decimal: str) -> bool:
    """Whether so many different cells are neither numbers nor dates nor categories. Seen by a few of them, because a
    column of texts is long."""
    if not _are_too_many(len(distinct), present) or all(map(_is_date, distinct)):
        return False
    words = (cell for cell in distinct if np.isnan(_number(cell, decimal)))
    return len(list(islice(words, SPELLINGS + 1))) > SPELLINGS


def _are_too_many(distinct: int, present: int) -> bool:
    return distinct > min(CATEGORIES, max(2, present // 2))


def _is_date(cell: str) -> bool:
    return bool(ISO.fullmatch(cell) or DAYS.fullmatch(cell))


def _dates(name: str, cells: Cells, distinct: Sequence[str], notes: list[XferError]) -> Values | None:
    """Dates as years with a fraction; None if days and months cannot be told apart."""
    found = [match for match in map(DAYS.fullmatch, distinct) if match]
    firsts, seconds = (max((int(match[part]) for match in found), default=0) for part in (1, 3))
    by_point = all(match[2] == "." for match in found)  # the day comes first where points are written
    if found and not by_point and (firsts > 12) == (seconds > 12):
        notes.append(XferError("column_days", name, distinct[:3]))
        return None
    day_first = by_point or firsts > 12
    years: dict[str, float] = {cell: _year(cell, day_first) for cell in distinct} | {"": np.nan}
    notes.append(XferError("column_dates", name, distinct[:3]))
    return Values(Column(name, unit="years"), np.array([years[cell] for cell in cells]))


def _year(cell: str, day_first: bool) -> float:
    try:
        if parts := DAYS.fullmatch(cell):
            day, month = (parts[1], parts[3]) if day_first else (parts[3], parts[1])
            date = datetime(int(parts[4]), int(month), int(day))
        else:
            date = datetime.fromisoformat(cell).replace(tzinfo=None)
    except ValueError:  # such as 30 February
        return np.nan
    return date.year + (date - datetime(date.year, 1, 1)).total_seconds() / (366 * 86400)


# ---------------------------------------------------------------------- roles


def find_label(columns: dict[str, Cells], decimal: str, most: int) -> str | None:
    """The column that most likely holds the label: one with such a name, else the last one with classes, else the last
    one of numbers.

    Args:
        columns: name → cells.
        decimal: sign in numbers.
        most: classes.
    """
    suitable = {name: _is_class(cells, decimal, most) for name, cells in columns.items()}
    for wanted in LABELS:
        for name in suitable:
            if plain_name(name) == wanted and len(set(columns[name]) - {""}) > 1:
                return name
    names = [name for name in columns if plain_name(name) not in (*IDS, *GROUPS, *DOMAINS)]
    for name in reversed(names):
        if suitable[name]:
            return name
    for name in reversed(names):
        if not np.isnan(to_numbers(columns[name], decimal)).any():
            return name
    return None


def _is_class(cells: Cells, decimal: str, most: int) -> bool:
    """Whether these may be classes: few words, or few whole numbers."""
    present = cells[cells != ""]
    distinct = set(present)
    if not 1 < len(distinct) <= min(most, max(2, len(present) // 2)):
        return False
    return not is_measure(present, decimal) and sum(map(len, distinct)) <= 60 * len(distinct)


def is_measure(cells: Cells, decimal: str) -> bool:
    """Whether these are numbers that are no numbers of classes: with a fraction, or of many values."""
    numbers = to_numbers(cells[cells != ""], decimal)
    if np.isnan(numbers).any():
        return False
    return bool((numbers % 1).any()) or len(np.unique(numbers)) > CLASSES_OF_NUMBERS


def find_named(columns: dict[str, Cells], names: Sequence[str], most: int) -> str | None:
    """The column with one of these names that has at least two values, and at most so many."""
    for wanted in names:
        for name, cells in columns.items():
            if plain_name(name) == wanted and 1 < len(set(cells) - {""}) <= most:
                return name
    return None
