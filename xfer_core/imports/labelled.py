"""Rows or texts with labels, domains and groups: which of them become samples, of which class, domain and example."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from xfer_core.domains.base import Task
from xfer_core.errors import XferError
from xfer_core.imports.base import LEAST, FoundDomain, check_shared_class, first_of_each
from xfer_core.imports.columns import Cells, is_measure, to_numbers
from xfer_core.imports.stored import slug
from xfer_core.settings import settings

DOMAINS = 100  # of one import
COMMON = 0.5  # share of rows that must be distinct for equal ones to be taken for copies


@dataclass(frozen=True)
class Labelled:
    """What becomes samples.

    Attributes:
        task: its name.
        kept: rows that are samples, int64 (N,).
        labels: class indices, int64 (N,), or values, float32 (N,).
        classes: their names; none for numbers.
        domains: names, in order; one that is empty if there is only one.
        domain: of each sample the place in ``domains``, int64 (N,).
        examples: of each sample its example, int64 (N,): rows of one group, and equal rows, share it.
        tested: of each sample whether it is in an official test set, bool (N,); None without one.
    """

    task: str
    kept: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    domains: tuple[str, ...]
    domain: np.ndarray
    examples: np.ndarray
    tested: np.ndarray | None = None

    def rows_of(self, name: str) -> np.ndarray:
        """The places in ``kept`` of the samples of a domain."""
        return np.flatnonzero(self.domain == self.domains.index(name))

    def classes_of(self, name: str) -> tuple[str, ...]:
        """The classes that a domain has samples of."""
        present = set(self.labels[self.rows_of(name)].tolist()) if self.classes else set[int]()
        return tuple(label for place, label in enumerate(self.classes) if place in present)

    def describe(self, name: str) -> FoundDomain:
        """What is found of a domain."""
        rows = self.rows_of(name)
        counts = Counter(self.labels[rows].tolist()) if self.classes else Counter[int]()
        classes = {label: counts[place] for place, label in enumerate(self.classes) if counts[place]}
        tested = 0 if self.tested is None else int(self.tested[rows].sum())
        return FoundDomain(name, len(rows), {self.task: classes}, tested)

    def task_of(self, name: str) -> Task:
        """The task of a domain, with its own classes."""
        labels, own = self.labels[self.rows_of(name)], self.classes_of(name)
        if self.classes:
            places = np.array([own.index(label) if label in own else -1 for label in self.classes])
            labels = places[labels]
        return Task(self.task, torch.from_numpy(labels), own)

    def first_of_each_class(self, name: str, count: int) -> list[int]:
        """Places in ``kept`` of up to so many samples of a domain, of different classes as far as there are."""
        rows = self.rows_of(name)
        labels = self.labels[rows].tolist() if self.classes else [0] * len(rows)
        return first_of_each(zip(rows.tolist(), labels, strict=True), count)

    def label_text(self, place: int) -> str:
        """The label of one sample, for people."""
        value = self.labels[place]
        return self.classes[value] if self.classes else f"{value:g}"


def read_labelled(
    title: str,
    labels: tuple[str, Cells],
    domains: Cells,
    groups: Cells | None,
    contents: np.ndarray,
    names: Sequence[str],
    renamed: Mapping[str, str],
    kind: str,
    decimal: str,
    skipped: list[XferError],
    notes: list[XferError],
    are_texts: bool = False,
) -> Labelled:
    """Labels, domains and examples of rows.

    Args:
        title: of the file or folder, for notes.
        labels: name of the task, and the cells that hold it.
        domains: of each row the name of its domain; all empty for only one.
        groups: of each row what it belongs to; empty for nothing.
        contents: of each row a number that equal rows share, int64 (N,).
        names: of each row what it is called in an error.
        renamed: name of a class → its new name.
        kind: ``classes``, ``number``, or empty to find it out.
        decimal: sign in numbers.
        skipped: gets an error for each row that is left out.
        notes: gets what was decided.
        are_texts: whether rows are equal if their texts are. Equal texts are one example, however many there are.

    Raises:
        XferError: ``import_domains``, ``import_classes``, ``not_numbers``, ``single_class``,
            ``no_class_in_two`` or ``no_label``.
    """
    task, cells = labels
    is_number = kind == "number" or (not kind and not renamed and is_measure(cells, decimal))
    keep = cells != ""
    skipped += [XferError("row_label", names[row], "") for row in np.flatnonzero(~keep).tolist()]
    if (domains != "").any():
        skipped += [XferError("row_domain", names[row], "") for row in np.flatnonzero(keep & (domains == "")).tolist()]
        keep &= domains != ""
    if not keep.any():
        raise XferError("no_label", task, "")
    found_domains, domain = _domain_names(domains, keep)
    values, classes = np.zeros(len(cells), dtype=np.int64), ()
    if is_number:
        values = to_numbers(cells, decimal)
        if (broken := np.flatnonzero(keep & np.isnan(values))).size:
            raise XferError("not_numbers", f"{names[broken[0]]}, {task}", cells[broken[0]])
        if len(np.unique(values[keep])) < 2:
            raise XferError("single_class", task, np.unique(values[keep]))
    else:
        classes = _join_classes(cells, keep, renamed, decimal, values, notes)
        _leave_out_small(values, classes, domain, found_domains, contents if are_texts else None, keep, skipped)
        present = [place for place in range(len(classes)) if (values[keep] == place).any()]
        if len(present) < 2:
            raise XferError("single_class", task, [classes[place] for place in present] or list(classes))
        of_domains = {place: np.unique(values[keep & (domain == place)]) for place in np.unique(domain[keep]).tolist()}
        check_shared_class(
            task, {found_domains[place]: [classes[own] for own in of_domains[place].tolist()] for place in of_domains}
        )
        values = np.searchsorted(present, values)
        classes = tuple(classes[place] for place in present)
    kept = np.flatnonzero(keep)
    present_domains = np.unique(domain[kept])
    return Labelled(
        task,
        kept,
        values[kept].astype(np.float32 if is_number else np.int64),
        classes,
        tuple(found_domains[place] for place in present_domains) if len(found_domains) > 1 else ("",),
        np.searchsorted(present_domains, domain[kept]),
        _examples(kept, contents, groups, title, notes, are_texts),
    )


def _domain_names(cells: Cells, keep: np.ndarray) -> tuple[list[str], np.ndarray]:
    """The words for the domains, and of each row the place of its own; values that differ in case or blanks are one."""
    folded = {cell: " ".join(cell.casefold().split()) for cell in dict.fromkeys(cells[keep])}
    words: dict[str, str] = {}
    for value in dict.fromkeys(folded.values()):
        word = slug(value) if value else ""
        while word in words.values():
            number = re.search(r"_(\d+)$", word)
            word = f"{word[: number.start()]}_{int(number[1]) + 1}" if number else f"{word}_2"
        words[value] = word
    if len(words) > DOMAINS:
        raise XferError("import_domains", "domain", len(words), limit=DOMAINS)
    order = list(words.values())
    places = {cell: order.index(words[value]) for cell, value in folded.items()}
    return order, np.array([places.get(cell, 0) for cell in cells], dtype=np.int64)


def _join_classes(
    cells: Cells, keep: np.ndarray, renamed: Mapping[str, str], decimal: str, values: np.ndarray, notes: list[XferError]
) -> tuple[str, ...]:
    """The names of the classes, in order; fills ``values`` with their places. Names that differ only in case or blanks
    are one class, spelled as most of its rows are; so are 1 and 1.0.

    Raises:
        XferError: ``unknown_choice`` for a renamed class that is not there; ``import_classes``.
    """
    numbers = to_numbers(cells[keep], decimal)
    whole = not np.isnan(numbers).any() and not (numbers % 1).any()
    plain = {cell: _whole(cell, decimal) if whole else " ".join(cell.split()) for cell in dict.fromkeys(cells[keep])}
    if unknown := [name for name in renamed if name not in plain.values()]:
        raise XferError("unknown_choice", "classes", unknown[0], allowed=sorted(set(plain.values()))[:20])
    plain = {cell: renamed.get(name, name) for cell, name in plain.items()}
    counts = Counter(plain[cell] for cell in cells[keep])
    spelled: dict[str, list[str]] = {}
    for name, _ in counts.most_common():
        spelled.setdefault(name.casefold(), []).append(name)
    if len(spelled) > (limit := settings().import_classes):
        raise XferError("import_classes", "classes", len(spelled), limit=limit)
    notes += [XferError("joined_classes", names[0], sorted(names)) for names in spelled.values() if len(names) > 1]
    names = [names[0] for names in spelled.values()]
    names.sort(key=(lambda name: (float(name), name)) if whole and not renamed else str.casefold)
    place = {spelling: names.index(same[0]) for same in spelled.values() for spelling in same}
    values[keep] = [place[plain[cell]] for cell in cells[keep]]
    return tuple(names)


def _whole(cell: str, decimal: str) -> str:
    return str(int(to_numbers(np.array([cell], dtype=object), decimal)[0]))


def _leave_out_small(
    values: np.ndarray,
    classes: Sequence[str],
    domain: np.ndarray,
    domains: Sequence[str],
    contents: np.ndarray | None,
    keep: np.ndarray,
    skipped: list[XferError],
) -> None:
    """Leave out the classes of a domain with too few samples to be split, and a domain that is left with one class.
    With ``contents``, samples of equal contents count once."""
    for place, name in enumerate(domains):
        of_domain = keep & (domain == place)
        rows = np.flatnonzero(of_domain)
        if contents is not None:
            rows = rows[np.unique(values[rows] * (contents.max() + 1) + contents[rows], return_index=True)[1]]
        counts = np.bincount(values[rows], minlength=len(classes))
        for label in np.flatnonzero((counts > 0) & (counts < LEAST)).tolist():
            title = f"{name}/{classes[label]}" if name else classes[label]
            skipped.append(XferError("small_class", title, int(counts[label]), limit=LEAST))
            keep &= ~(of_domain & (values == label))
        left = np.flatnonzero(counts >= LEAST).tolist()
        if len(domains) > 1 and len(left) < 2:
            skipped.append(XferError("single_class", name, [classes[label] for label in left]))
            keep &= ~of_domain


def _examples(
    kept: np.ndarray,
    contents: np.ndarray,
    groups: Cells | None,
    title: str,
    notes: list[XferError],
    are_texts: bool,
) -> np.ndarray:
    """Of each sample the number of its example: rows of a group share one, and so do equal rows, unless most rows have
    an equal one: then that is no sign of a copy. Of texts it always is."""
    count, nodes = len(kept), len(kept)
    pairs: list[tuple[np.ndarray, np.ndarray]] = []
    _, same = np.unique(contents[kept], return_inverse=True)
    distinct = int(same.max()) + 1
    if (0 if are_texts else COMMON * count) <= distinct < count:
        notes.append(XferError("equal_texts" if are_texts else "equal_rows", title, count - distinct))
        pairs.append((np.arange(count), nodes + same))
        nodes += distinct
    if groups is not None:
        named = np.flatnonzero(groups[kept] != "")
        _, group = np.unique(groups[kept][named].astype(str), return_inverse=True)
        pairs.append((named, nodes + group))
        nodes += int(group.max(initial=-1)) + 1
    if not pairs:
        return np.arange(count)
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows, columns = (np.concatenate(side) for side in zip(*pairs, strict=True))
    joined = connected_components(coo_matrix((np.ones(len(rows)), (rows, columns)), (nodes, nodes)), directed=False)[1]
    return joined[:count].astype(np.int64)
