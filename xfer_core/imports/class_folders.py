"""Domain, class and part of each file, by the names of the folders that it lies in."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from xfer_core.errors import XferError
from xfer_core.imports.archive import Entry
from xfer_core.settings import settings

TRAINING, VALIDATION, TEST = ("train", "training"), ("val", "valid", "validation"), ("test", "testing")
DOMAINS = ("source", "target")
PICTURES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
)
ARCHIVES = frozenset((".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz"))


@dataclass(frozen=True)
class Placed:
    """A file in its place.

    Attributes:
        entry: the file.
        domain: ``source`` or ``target``; empty if there is only one domain.
        part: the folder train, val or test, in small letters; empty if it lies in none.
        label: its class.
    """

    entry: Entry
    domain: str
    part: str
    label: str

    @property
    def is_test(self) -> bool:
        """Whether it belongs to the official test set."""
        return self.part in TEST

    @property
    def in_class(self) -> str:
        """Domain and class, for people."""
        return str(PurePosixPath(self.domain, self.label))


def place_files(
    entries: Sequence[Entry], skipped: list[XferError], notes: list[XferError], suffixes: frozenset[str] = PICTURES
) -> list[Placed]:
    """Where each file belongs: ``[source|target/] [train|val|test/] CLASS/…/file``, below the folders that all share.

    Args:
        entries: the files.
        skipped: gets ``nested_archive``, ``no_class_folder`` or ``no_domain_folder`` for each that belongs nowhere.
        notes: gets ``joined_classes`` and ``validation_as_test``.
        suffixes: of the files that are samples; the folders that these share do not matter.

    Raises:
        XferError: ``import_classes`` for too many classes.
    """
    names = _below_common([entry.place for entry in entries], suffixes)
    tops = {name.parts[0].casefold() for name in names if len(name.parts) > 1}
    has_domains = set(DOMAINS) <= tops
    made = list[Placed]()
    for entry, name in zip(entries, names, strict=True):
        *folders, _file = name.parts
        domain = folders.pop(0).casefold() if has_domains and folders and folders[0].casefold() in DOMAINS else ""
        part = folders[0].casefold() if len(folders) > 1 else ""
        is_part = part in (*TRAINING, *VALIDATION, *TEST)
        label = unicodedata.normalize("NFC", folders[is_part]) if len(folders) > is_part else ""
        if name.suffix.lower() in ARCHIVES:
            skipped.append(XferError("nested_archive", str(entry.place), name.suffix))
        elif has_domains and not domain:
            skipped.append(XferError("no_domain_folder", str(entry.place), name.parts[0]))
        elif not label.strip():
            skipped.append(XferError("no_class_folder", str(entry.place), name.name))
        else:
            made.append(Placed(entry, domain, part if is_part else "", label))
    return _validation_as_test(_join_classes(made, notes), notes)


def _below_common(places: Sequence[PurePosixPath], suffixes: frozenset[str]) -> list[PurePosixPath]:
    """The places without the folders that all samples share; what lies beside these folders keeps its place."""
    samples = [place for place in places if place.suffix.lower() in suffixes] or list(places)
    common, depth = samples[0].parts if samples else (), min((len(place.parts) for place in samples), default=0) - 2
    shared = 0
    while shared < depth and all(place.parts[shared] == common[shared] for place in samples):
        shared += 1
    return [
        PurePosixPath(*place.parts[shared:]) if place.parts[:shared] == common[:shared] else place for place in places
    ]


def _join_classes(files: Sequence[Placed], notes: list[XferError]) -> list[Placed]:
    """Classes that differ only in capitals or blanks are one, spelled as most of its files are."""
    spelled = dict[str, Counter[str]]()
    for file in files:
        spelled.setdefault(_key(file.label), Counter())[file.label] += 1
    chosen = {key: " ".join(counts.most_common(1)[0][0].split()) for key, counts in spelled.items()}
    for key, counts in spelled.items():
        if len(counts) > 1:
            notes.append(XferError("joined_classes", chosen[key], sorted(f"“{label}”" for label in counts)))
    if len(spelled) > (limit := settings().import_classes):
        raise XferError("import_classes", "classes", len(spelled), limit=limit)
    return [replace(file, label=chosen[_key(file.label)]) for file in files]


def _key(label: str) -> str:
    return "".join(label.split()).casefold()


def _validation_as_test(files: list[Placed], notes: list[XferError]) -> list[Placed]:
    """Of a domain with training and validation folders and none for the test, the validation is the test."""
    made = files
    for domain in {file.domain for file in files}:
        parts = {file.part for file in files if file.domain == domain}
        if not parts & {*TEST} and parts & {*TRAINING} and (validation := parts & {*VALIDATION}):
            notes.append(XferError("validation_as_test", domain or "test", sorted(validation)))
            made = [
                replace(file, part="test") if file.domain == domain and file.part in VALIDATION else file
                for file in made
            ]
    return made
