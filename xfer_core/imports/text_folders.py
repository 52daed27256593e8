"""Texts in class folders: a ``.txt`` file for each text; or train/ and test/, or source/ and target/, of them."""

from __future__ import annotations

import io
from pathlib import Path, PurePosixPath

import numpy as np

from xfer_core.errors import XferError
from xfer_core.imports.archive import Entry, entries_of
from xfer_core.imports.base import LEAST, Progress
from xfer_core.imports.class_folders import DOMAINS, place_files
from xfer_core.imports.folder_samples import TASK, check_classes, keep_samples, number_contents
from xfer_core.imports.labelled import Labelled
from xfer_core.imports.table_file import TableFile, find_encoding
from xfer_core.imports.text_input import LONGEST, TextChoices, cut, find_input
from xfer_core.modalities import TextInput

SUFFIX = ".txt"
ABOUT = ("readme", "license", "licence")
MEGABYTES = 10  # of one file
BLOCK = 500  # files between two reports of progress


def are_text_folders(places: list[PurePosixPath]) -> bool:
    """Whether files of these names, tables and texts, are texts in class folders."""
    return (
        {place.suffix.lower() for place in places} == {SUFFIX}
        and len(places) >= 2 * LEAST
        and len({place.parent for place in places}) > 1
    )


def read_folders(
    path: Path, wanted: TextChoices, encoding: str, skipped: list[XferError], notes: list[XferError], progress: Progress
) -> tuple[TextInput, list[str], Labelled]:
    """What ``label_texts`` returns, of a folder or zip.

    Raises:
        XferError: ``no_texts``, ``wrong_encoding``; those of ``entries_of``, ``place_files`` and ``check_classes``.
    """
    entries = entries_of(path, (SUFFIX,), skipped)
    entries = [entry for entry in entries if entry.place.stem.casefold() not in ABOUT]  # whose folder names no class
    files = place_files(entries, skipped, notes, frozenset((SUFFIX,)))
    texts = list[str]()
    for number, file in enumerate(files):
        try:
            texts.append(_read(file.entry, encoding)[: (wanted.length or LONGEST) + 1])
        except XferError as error:
            skipped.append(error)
            texts.append("")
        if not number % BLOCK:
            progress(0.9 * number / len(files))
    if not any(texts):
        raise skipped[-1] if skipped else XferError("no_texts", path.name, 0)
    spec = find_input([text for text in texts if text], wanted, path.name, notes)
    texts = [cut(text, spec.length) for text in texts]
    progress(0.95)
    kept = keep_samples(path.name, files, texts, skipped, notes)
    samples = [files[place] for place in kept]
    classes = tuple(sorted({file.label for file in samples}))
    domains = tuple(name for name in ("", *DOMAINS) if any(file.domain == name for file in samples))
    tested = np.array([file.is_test for file in samples])
    labelled = Labelled(
        TASK,
        np.array(kept, dtype=np.int64),
        np.array([classes.index(file.label) for file in samples], dtype=np.int64),
        classes,
        domains,
        np.array([domains.index(file.domain) for file in samples], dtype=np.int64),
        np.array(number_contents(texts, kept), dtype=np.int64),
        tested if tested.any() else None,
    )
    check_classes(path.name, tuple(map(labelled.describe, domains)), {file.domain for file in files}, "no_texts")
    return spec, [texts[place] for place in kept], labelled


def _read(entry: Entry, encoding: str) -> str:
    """The text of a file.

    Raises:
        XferError: ``text_bytes``, ``not_text``, ``wrong_encoding`` or ``row_text``.
    """
    name = str(entry.place)
    if entry.size > MEGABYTES * 1_000_000:
        raise XferError("text_bytes", name, f"{entry.size / 1e6:,.0f} MB", limit=MEGABYTES)
    content = entry.read()
    encoding = encoding or find_encoding(TableFile(name, lambda: io.BytesIO(content), entry.size))
    try:
        text = content.decode(encoding).strip()
    except (LookupError, UnicodeDecodeError):
        raise XferError("wrong_encoding", name, encoding) from None
    if not text:
        raise XferError("row_text", name, "")
    return text
