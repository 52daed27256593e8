"""Which columns of a table are label, domain, group and text: as they were chosen, or as they are found out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from pydantic import Field

from xfer_core.config import Name
from xfer_core.errors import XferError
from xfer_core.imports.cells import Names, RoleChoices, Table, find_domain, find_group
from xfer_core.imports.columns import IDS, Cells, find_label, plain_name, read_column
from xfer_core.imports.text_input import TextChoices, have_words
from xfer_core.settings import settings

SENTENCES = 8  # words of the median cell of a column that is read as texts whatever stands beside it


class TableChoices(RoleChoices, TextChoices):
    """What a person can decide about a table of numbers and categories, or of texts."""

    text: Name | None = Field(default=None, title="Text")
    """The column that holds texts, which are then the input; empty: none does; not named: found out."""
    categories: Names = ()
    """Columns of numbers that are categories, such as a code."""
    leave_out: Names = ()
    """Columns that nothing is to be learnt from."""


@dataclass(frozen=True)
class Roles:
    """The columns that nothing is learnt from.

    Attributes:
        label, domain, group: their names; empty for none.
        labels, domains: their cells.
        groups: its cells; None without such a column.
        features: the names of all other columns, without those that are left out.
    """

    label: str
    domain: str
    group: str
    labels: Cells
    domains: Cells
    groups: Cells | None
    features: tuple[str, ...]

    def names(self) -> dict[str, str]:
        """Field of the choices → the column."""
        return {"label": self.label, "domain": self.domain, "group": self.group}


def find_roles(table: Table, wanted: TableChoices, title: str, notes: list[XferError]) -> Roles:
    """Label, domain and group of a table.

    Args:
        table: its cells.
        wanted: what was chosen.
        title: of the file, for notes.
        notes: gets what was found out.

    Raises:
        XferError: ``unknown_column``, ``no_label``; ``label_as_text`` for one column that is both.
    """
    apart = {*wanted.leave_out, *filter(None, (wanted.text,))}
    for field, names in (("text", filter(None, (wanted.text,))), ("categories", wanted.categories),
                         ("leave_out", wanted.leave_out)):  # fmt: skip
        for name in names:
            table.column(name, field)
    domain, domains = find_domain(table, wanted.domain, notes, title)
    group, groups = find_group(table, wanted.group, notes, title)
    label = wanted.label
    if not label:
        others = {name: cells for name, cells in table.columns.items() if name not in {domain, group} | apart}
        label = find_label(others, table.choices.decimal or ".", settings().import_classes) or ""
        if not label:
            raise XferError("no_label", title, tuple(table.columns))
        notes.append(XferError("found_label", title, label))
    if label == wanted.text:
        raise XferError("label_as_text", "text", label)
    labels = table.column(label, "label")
    features = tuple(name for name in table.columns if name not in {label, domain, group, *wanted.leave_out})
    return Roles(label, domain, group, labels, domains, groups, features)


def longest_column(table: Table, features: Iterable[str]) -> str | None:
    """The column with the most letters; None if there is none."""
    return max(features, key=lambda name: sum(map(len, table.columns[name])), default=None)


def find_text(table: Table, features: Iterable[str]) -> str | None:
    """The column that the input is read from if it is a text: the longest one with a value of its own in nearly every
    row, if its cells are sentences, or if a table could learn from no other column. None for a table."""
    own_values, used = dict[str, float](), False
    for name in features:
        cells = table.columns[name]
        if holds_texts(name, cells, table.choices.decimal or "."):
            own_values[name] = fmean(map(len, cells))
        else:
            used |= read_column(name, cells, table.choices.decimal or ".", False, []) is not None
    if not own_values:
        return None
    longest = max(own_values, key=lambda name: own_values[name])
    return longest if not used or have_words(filter(None, table.columns[longest]), SENTENCES) else None


def holds_texts(name: str, cells: Cells, decimal: str) -> bool:
    """Whether a column holds words, and nearly every row a value of its own."""
    notes = list[XferError]()
    if plain_name(name) in IDS or read_column(name, cells, decimal, False, notes) is not None:
        return False
    return notes[-1].code == "column_names"
