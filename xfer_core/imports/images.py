"""Pictures in class folders, as a folder or a zip archive."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path, PurePosixPath
from statistics import median
from typing import Self

import numpy as np
import torch
from PIL import Image
from pydantic import Field

from xfer_core.domains.base import Card, Domain, Task
from xfer_core.errors import XferError
from xfer_core.files import disk_array
from xfer_core.imports.archive import Entry, is_zip, list_entries
from xfer_core.imports.base import Choices, Finding, FoundDomain, Preview, Progress, domain_key, read_choices
from xfer_core.imports.pictures import GREY, open_picture, read_pixels
from xfer_core.modalities import ImageInput
from xfer_core.settings import settings

TRAINING, TEST = ("train", "training", "val", "valid", "validation"), ("test", "testing")
DOMAINS = ("source", "target")
TASK = "class"
LEAST = 4  # samples of a class: one for training, validation and test, and one with a label in the target
LARGEST_SIDE, SMALLEST_SIDE = 96, 8  # pixels that are found out
SAMPLE = 2000  # pictures whose headers decide about size and colour


class ImageChoices(Choices):
    """What a person can decide about pictures."""

    side: int = Field(default=0, ge=0, le=256)
    """Pixels per side of the domain's square images; 0: that of a typical picture, at most 96."""


@dataclass(frozen=True)
class _Picture:
    """A file in its place: of which domain, class and split."""

    entry: Entry
    domain: str
    label: str
    is_test: bool


class Images(Finding):
    """Class folders of pictures; or train/ and test/, or source/ and target/, that hold class folders."""

    modality = "image"

    choices: ImageChoices

    @classmethod
    def reads(cls, path: Path) -> bool:
        suffixes = {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}
        if path.is_dir():
            return any(file.suffix.lower() in suffixes for file in path.rglob("*"))
        return is_zip(path) and path.suffix.lower() not in (".xlsx", ".ods")

    @classmethod
    def examine(cls, path: Path, choices: dict[str, object], progress: Progress) -> Self:
        found = cls()
        found.path, wanted = path, read_choices(ImageChoices, choices)
        skipped, notes = list[XferError](), list[XferError]()
        pictures = _layout(list_entries(path), skipped)
        if not pictures:
            raise skipped[0] if len(skipped) == 1 else XferError("no_pictures", path.name, len(skipped))
        pictures = _join_classes(pictures, notes)
        channels, side = _typical(pictures)
        side = wanted.side or side
        found.choices = ImageChoices(side=side)
        found._channels, found._side = channels, side
        found._pixels = disk_array((len(pictures), channels, side, side), np.uint8)
        hashes = _decode(pictures, found._pixels, skipped, progress)
        kept = [place for place, made in enumerate(hashes) if made]
        kept = _without_test_copies(pictures, hashes, kept, notes)
        kept = _without_small_classes(pictures, kept, skipped)
        numbers = {made: number for number, made in enumerate(dict.fromkeys(hashes[place] for place in kept))}
        if len(numbers) < len(kept):
            notes.append(XferError("equal_files", path.name, len(kept) - len(numbers)))
        found._pictures = [pictures[place] for place in kept]
        found._places = kept
        found._examples = [numbers[hashes[place]] for place in kept]
        found.domains = tuple(found._describe(name) for name in dict.fromkeys(p.domain for p in found._pictures))
        _check_classes(path, found.domains)
        found.skipped, found.notes = tuple(skipped), tuple(notes)
        progress(1.0)
        return found

    _pictures: Sequence[_Picture]
    """Those that are samples."""
    _places: Sequence[int]
    """Of each its row in the pixels."""
    _examples: Sequence[int]
    """Of each the number of its content: equal files have the same."""
    _pixels: np.ndarray
    """In a file without a name: uint8 (N, channels, side, side)."""
    _channels: int
    _side: int

    def _describe(self, name: str) -> FoundDomain:
        pictures = [picture for picture in self._pictures if picture.domain == name]
        counts = Counter(picture.label for picture in pictures)
        classes = {label: counts[label] for label in sorted(counts)}
        return FoundDomain(name, len(pictures), {TASK: classes}, sum(picture.is_test for picture in pictures))

    def preview(self, domain: str, count: int) -> list[Preview]:
        rows = dict[str, list[int]]()
        for row, picture in enumerate(self._pictures):
            if picture.domain == domain:
                rows.setdefault(picture.label, []).append(row)
        order = sorted(
            ((rank, label, row) for label, of_class in rows.items() for rank, row in enumerate(of_class[:count]))
        )
        return [Preview(self._png(row), label) for _, label, row in order[:count]]

    def _png(self, row: int) -> bytes:
        pixels, made = self._pixels[self._places[row]], BytesIO()
        Image.fromarray(pixels[0] if self._channels == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0))).save(
            made, "PNG"
        )
        return made.getvalue()

    def build(self, key: str, card: Card, progress: Progress) -> Iterator[tuple[Domain, ImageInput]]:
        spec = ImageInput(self._channels, self._side, self._side)
        for number, found in enumerate(self.domains):
            rows = [row for row, picture in enumerate(self._pictures) if picture.domain == found.name]
            chosen, classes = [self._pictures[row] for row in rows], tuple(found.tasks[TASK])
            labels = torch.tensor([classes.index(picture.label) for picture in chosen])
            inputs = disk_array((len(rows), *spec.shape), np.uint8)
            for start in range(0, len(rows), 1000):
                places = [self._places[row] for row in rows[start : start + 1000]]
                inputs[start : start + len(places)] = self._pixels[places]
            domain = Domain(
                key=domain_key(key, found.name),
                card=replace(card, title=f"{card.title}, {found.name}") if found.name else card,
                pool=key,
                inputs=torch.from_numpy(inputs),
                example_ids=torch.tensor([self._examples[row] for row in rows]),
                tasks={TASK: Task(TASK, labels, classes)},
                official_test=torch.tensor([picture.is_test for picture in chosen]) if found.tested else None,
            )
            yield domain, spec
            progress((number + 1) / len(self.domains))


def _layout(entries: Sequence[Entry], skipped: list[XferError]) -> list[_Picture]:
    """Domain, class and split of each file, by the folders that it lies in."""
    tops = {entry.place.parts[0].casefold() for entry in entries if len(entry.place.parts) > 1}
    has_domains = set(DOMAINS) <= tops
    made = list[_Picture]()
    for entry in entries:
        folders = list(entry.place.parts[:-1])
        domain = folders.pop(0).casefold() if has_domains and folders and folders[0].casefold() in DOMAINS else ""
        if has_domains and not domain:
            skipped.append(XferError("no_domain_folder", str(entry.place), entry.place.parts[0]))
            continue
        split = folders[0].casefold() if folders else ""
        is_split = len(folders) > 1 and split in (*TRAINING, *TEST)
        label = " ".join(folders[is_split].split()) if len(folders) > is_split else ""
        if entry.place.suffix.lower() in (".zip", ".7z", ".rar", ".tar", ".gz"):
            skipped.append(XferError("nested_archive", str(entry.place), entry.place.suffix))
        elif not label:
            skipped.append(XferError("no_class_folder", str(entry.place), entry.place.name))
        else:
            made.append(_Picture(entry, domain, label, is_split and split in TEST))
    return made


def _join_classes(pictures: Sequence[_Picture], notes: list[XferError]) -> list[_Picture]:
    """Classes that differ only in case or blanks are one, spelled as most of its files are."""
    spelled = dict[str, Counter[str]]()
    for picture in pictures:
        spelled.setdefault(picture.label.casefold(), Counter())[picture.label] += 1
    for counts in spelled.values():
        if len(counts) > 1:
            notes.append(XferError("joined_classes", counts.most_common(1)[0][0], sorted(counts)))
    limit = settings().import_classes
    if len(spelled) > limit:
        raise XferError("import_classes", "classes", len(spelled), limit=limit)
    return [replace(picture, label=spelled[picture.label.casefold()].most_common(1)[0][0]) for picture in pictures]


def _typical(pictures: Sequence[_Picture]) -> tuple[int, int]:
    """Channels and side, from the headers of pictures that lie evenly among all."""
    modes, sides, limit = set[str](), list[int](), settings().import_megapixels
    for picture in pictures[:: -(-len(pictures) // SAMPLE)]:
        try:
            header = open_picture(picture.entry.read(), str(picture.entry.place), limit)
        except XferError:
            continue  # reported when it is decoded
        modes.add(header.mode)
        sides.append(min(header.size))
    side = round(median(sides)) if sides else SMALLEST_SIDE
    return 1 if modes and modes <= GREY else 3, max(SMALLEST_SIDE, min(LARGEST_SIDE, side))


def _decode(
    pictures: Sequence[_Picture], pixels: np.ndarray, skipped: list[XferError], progress: Progress
) -> list[str]:
    """Fill the rows of ``pixels``; for each picture the hash of its file, empty if it cannot be read."""

    def one(row: int) -> str | XferError:
        name = str(pictures[row].entry.place)
        try:
            content = pictures[row].entry.read()
            pixels[row] = read_pixels(open_picture(content, name, limit), name, *pixels.shape[1:3])
        except XferError as error:
            return error
        return hashlib.sha1(content, usedforsecurity=False).hexdigest()

    hashes, limit = list[str](), settings().import_megapixels
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
        for row, made in enumerate(threads.map(one, range(len(pictures)))):
            if isinstance(made, XferError):
                skipped.append(made)
            hashes.append("" if isinstance(made, XferError) else made)
            if not row % 200:
                progress(row / len(pictures))
    return hashes


def _without_test_copies(
    pictures: Sequence[_Picture], hashes: Sequence[str], kept: Sequence[int], notes: list[XferError]
) -> list[int]:
    """Without training pictures that are in the test part, too: those would be learnt by heart."""
    tested = {hashes[place] for place in kept if pictures[place].is_test}
    left = [place for place in kept if pictures[place].is_test or hashes[place] not in tested]
    if len(left) < len(kept):
        notes.append(XferError("test_copies", "train", len(kept) - len(left)))
    return left


def _without_small_classes(pictures: Sequence[_Picture], kept: Sequence[int], skipped: list[XferError]) -> list[int]:
    counts = Counter((pictures[place].domain, pictures[place].label) for place in kept)
    for (domain, label), count in sorted(counts.items()):
        if count < LEAST:
            skipped.append(XferError("small_class", str(PurePosixPath(domain, label)), count, limit=LEAST))
    return [place for place in kept if counts[pictures[place].domain, pictures[place].label] >= LEAST]


def _check_classes(path: Path, domains: Sequence[FoundDomain]) -> None:
    """Reject domains that nothing can be learnt from.

    Raises:
        XferError: ``single_class`` or ``no_common_class``.
    """
    if not domains:
        raise XferError("no_pictures", path.name, 0)
    for found in domains:
        if len(found.tasks[TASK]) < 2:
            raise XferError("single_class", found.name or path.name, list(found.tasks[TASK]))
    if not set.intersection(*(set(found.tasks[TASK]) for found in domains)):
        first, second = (list(found.tasks[TASK]) for found in domains)
        raise XferError("no_common_class", domains[0].name, first, others=second)
