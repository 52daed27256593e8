"""Texts with a label each, one after the other, from a table or from files of reviews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from xfer_core.errors import XferError
from xfer_core.imports.base import Progress
from xfer_core.imports.columns import Cells
from xfer_core.imports.labelled import Labelled, read_labelled
from xfer_core.imports.text_input import TextChoices, cut, find_input
from xfer_core.modalities import TextInput


@dataclass(frozen=True)
class TextRows:
    """Rows of a text and its label.

    Attributes:
        task: its name.
        texts, labels, domains: cells; empty for a missing one, and for the only domain.
        groups: cells whose equal values belong together; None without them.
        names: of each row what it is called in an error.
        kind, renamed, decimal: as ``read_labelled`` takes them.
    """

    task: str
    texts: Cells
    labels: Cells
    domains: Cells
    groups: Cells | None
    names: Sequence[str]
    kind: str = "classes"
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])
    decimal: str = "."


def label_texts(
    rows: TextRows,
    wanted: TextChoices,
    title: str,
    skipped: list[XferError],
    notes: list[XferError],
    progress: Progress,
) -> tuple[TextInput, list[str], Labelled]:
    """Which rows become samples.

    Args:
        rows: all of them.
        wanted: what was chosen.
        title: of the file or folder, for notes.
        skipped: gets an error for each row that is left out.
        notes: gets what was decided.
        progress: called with the fraction that is done.

    Returns:
        The input that holds the texts, the text of each sample, and labels, domains and examples.

    Raises:
        XferError: ``no_texts``; those of ``read_labelled``.
    """
    present = np.flatnonzero(rows.texts != "")
    skipped += [XferError("row_text", rows.names[row], "") for row in np.flatnonzero(rows.texts == "").tolist()]
    if not present.size:
        raise XferError("no_texts", title, rows.task)
    texts = rows.texts[present].tolist()
    spec = find_input(texts, wanted, title, notes)
    progress(0.4)
    texts = [cut(text, spec.length) for text in texts]
    progress(0.6)
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    groups = None if rows.groups is None else rows.groups[present]
    contents = np.array([places[text] for text in texts])
    progress(0.7)
    names = [rows.names[row] for row in present.tolist()]
    labelled = read_labelled(
        title, (rows.task, rows.labels[present]), rows.domains[present], groups, contents, names, rows.renamed,
        rows.kind, rows.decimal, skipped, notes, are_texts=True,
    )  # fmt: skip
    progress(0.9)
    return spec, [texts[row] for row in labelled.kept.tolist()], labelled
