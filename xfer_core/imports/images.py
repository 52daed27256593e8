"""Pictures in class folders, as a folder or a zip archive."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any, Self

import numpy as np
import torch
from PIL import Image
from pydantic import Field

from xfer_core.config import read_fields
from xfer_core.domains.base import Card, Domain, Task
from xfer_core.errors import XferError
from xfer_core.files import disk_array
from xfer_core.imports.archive import is_zip, list_entries
from xfer_core.imports.base import (
    Choices,
    Finding,
    FoundDomain,
    Preview,
    Progress,
    domain_card,
    domain_key,
    first_of_each,
)
from xfer_core.imports.class_folders import DOMAINS, PICTURES, Placed, place_files
from xfer_core.imports.folder_samples import TASK, check_classes, keep_samples, number_contents
from xfer_core.imports.pictures import GREY, open_picture, read_pixels
from xfer_core.modalities import ImageInput
from xfer_core.settings import settings

SMALLEST_SIDE = 8  # pixels
SIDES = (16, 32, 48, 64, 96, 128)  # that are offered
BLOCK = 200  # pictures between two reports of progress
SAMPLE = 500  # pictures whose headers decide about size and colour
BYTES = 4  # of a file for each pixel, at most
HEAVY = 25_000_000  # pixels or bytes from which pictures are decoded one at a time


class ImageChoices(Choices):
    """What a person can decide about pictures."""

    side: int = Field(default=0, ge=0, le=256, title="Pixels per side")
    """Pixels per side of the domain's square images; 0: that of a typical picture, at most ``XFER_IMPORT_SIDE``."""


class Images(Finding):
    """Class folders of pictures; or train/ and test/, or source/ and target/, that hold class folders.

    A damaged file is left out with its reason. An archive that may do harm is refused as a whole.
    """

    modality = "image"

    choices: ImageChoices

    @classmethod
    def reads(cls, path: Path, choices: Mapping[str, object]) -> bool:
        if path.is_dir():
            return any(file.suffix.lower() in PICTURES for file in path.rglob("*"))
        suffix = path.suffix.lower()
        return suffix == ".zip" or (suffix not in (".xlsx", ".ods") and is_zip(path))  # one that is broken, too

    @classmethod
    def examine(cls, path: Path, choices: dict[str, object], progress: Progress) -> Self:
        found = cls()
        found.path, wanted = path, read_fields(ImageChoices, choices)
        skipped, notes = list[XferError](), list[XferError]()
        pictures = place_files(list_entries(path), skipped, notes)
        if not pictures:
            raise skipped[0] if len(skipped) == 1 else XferError("no_pictures", path.name, len(skipped))
        channels, side = _typical(pictures)
        found._side = wanted.side or side
        found._pixels, decoded = _decode(pictures, channels, found._side, progress)
        skipped.extend(made for made in decoded if isinstance(made, XferError))
        hashes = ["" if isinstance(made, XferError) else made.digest for made in decoded]
        kept = keep_samples(path.name, pictures, hashes, skipped, notes)
        sizes = Counter(made.size for made in decoded if not isinstance(made, XferError))
        if sizes.keys() - {(found._side, found._side)}:
            most = " × ".join(map(str, sizes.most_common(1)[0][0]))
            notes.append(XferError("resized", path.name, most, side=found._side))
        found._pictures = [pictures[place] for place in kept]
        found._places = kept
        found._examples = number_contents(hashes, kept)
        present = {picture.domain for picture in found._pictures}
        found.domains = tuple(found._describe(name) for name in ("", *DOMAINS) if name in present)
        check_classes(path.name, found.domains, {picture.domain for picture in pictures}, "no_pictures")
        found.choices = ImageChoices(side=found._side)
        found.options = {"side": tuple(str(one) for one in sorted({*SIDES, side, found._side}))}
        found.skipped, found.notes = tuple(skipped), tuple(notes)
        progress(1.0)
        return found

    _pictures: Sequence[Placed]
    """Those that are samples."""
    _places: Sequence[int]
    """Of each its row in the pixels."""
    _examples: Sequence[int]
    """Of each the number of its content: equal files have the same."""
    _pixels: np.ndarray[Any, Any]
    """In a file without a name: uint8 (N, channels, side, side)."""
    _side: int

    @property
    def _channels(self) -> int:
        return self._pixels.shape[1]

    def _describe(self, name: str) -> FoundDomain:
        pictures = [picture for picture in self._pictures if picture.domain == name]
        counts = Counter(picture.label for picture in pictures)
        classes = {label: counts[label] for label in sorted(counts)}
        return FoundDomain(name, len(pictures), {TASK: classes}, sum(picture.is_test for picture in pictures))

    def preview(self, domain: str, count: int) -> list[Preview]:
        own = ((row, picture.label) for row, picture in enumerate(self._pictures) if picture.domain == domain)
        return [Preview(self._png(row), self._pictures[row].label) for row in first_of_each(own, count)]

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
            places = np.array([self._places[row] for row in rows])
            if (np.diff(places) == 1).all():
                inputs = self._pixels[places[0] : places[-1] + 1]
            else:
                inputs = disk_array((len(rows), *spec.shape), np.uint8, settings().home / "uploads")
                for start in range(0, len(rows), BLOCK):
                    inputs[start : start + BLOCK] = self._pixels[places[start : start + BLOCK]]
                    progress((number + 0.9 * start / len(rows)) / len(self.domains))
            domain = Domain(
                key=domain_key(key, found.name),
                card=domain_card(card, found.name),
                pool=key,
                inputs=torch.from_numpy(inputs),
                example_ids=torch.tensor([self._examples[row] for row in rows]),
                tasks={TASK: Task(TASK, labels, classes)},
                official_test=torch.tensor([picture.is_test for picture in chosen]) if found.tested else None,
            )
            yield domain, spec
            progress((number + 1) / len(self.domains))


@dataclass(frozen=True)
class _Decoded:
    """What is kept of a file beside its pixels: the hash of its content, and the size of its picture."""

    digest: str
    size: tuple[int, int]


class _ColourFound(Exception):
    """A picture in colour among pictures that were thought to be all grey."""


def _typical(pictures: Sequence[Placed]) -> tuple[int, int]:
    """Channels and side, from the headers of pictures that lie evenly among all."""
    modes, sides, limit = set[str](), list[int](), settings().import_megapixels
    for picture in pictures[:: -(-len(pictures) // SAMPLE)]:
        try:
            header = open_picture(_content(picture, limit), str(picture.entry.place), limit)
        except XferError:
            continue  # reported when it is decoded
        modes.add(header.mode)
        sides.append(min(header.size))
    side = round(median(sides)) if sides else SMALLEST_SIDE
    return 1 if modes and modes <= GREY else 3, max(SMALLEST_SIDE, min(settings().import_side, side))


def _content(picture: Placed, megapixels: int) -> bytes:
    """The bytes of its file, if a picture of so many million pixels can have as many.

    Raises:
        XferError: ``picture_bytes``, or those of ``Entry.read``.
    """
    limit, name = megapixels * BYTES, str(picture.entry.place)
    if picture.entry.size > limit * 1_000_000:
        raise XferError("picture_bytes", name, f"{picture.entry.size / 1e6:,.0f} MB", limit=limit)
    return picture.entry.read()


def _decode(
    pictures: Sequence[Placed], channels: int, side: int, progress: Progress
) -> tuple[np.ndarray[Any, Any], list[_Decoded | XferError]]:
    """Decode all; in colour, if one of them has colours.

    Returns:
        uint8 (N, channels, side, side) in a file of this installation, and for each picture what else is kept of it, or
        why it is left out.
    """
    place = settings().home / "uploads"
    place.mkdir(parents=True, exist_ok=True)
    try:
        pixels = disk_array((len(pictures), channels, side, side), np.uint8, place)
        return pixels, _fill(pictures, pixels, progress)
    except _ColourFound:
        pixels = disk_array((len(pictures), 3, side, side), np.uint8, place)
        return pixels, _fill(pictures, pixels, progress)


def _fill(pictures: Sequence[Placed], pixels: np.ndarray[Any, Any], progress: Progress) -> list[_Decoded | XferError]:
    """Fill the rows of ``pixels`` in several threads; large pictures one at a time, because each takes much memory."""
    channels, side = pixels.shape[1:3]
    one_at_a_time, limit = threading.Lock(), settings().import_megapixels

    def one(row: int) -> _Decoded | XferError:
        name = str(pictures[row].entry.place)
        try:
            with one_at_a_time if pictures[row].entry.size > HEAVY else nullcontext():
                content = _content(pictures[row], limit)
                picture = open_picture(content, name, limit)
                if channels == 1 and picture.mode not in GREY:
                    raise _ColourFound
                size, is_large = picture.size, picture.width * picture.height > HEAVY
                with one_at_a_time if is_large and pictures[row].entry.size <= HEAVY else nullcontext():
                    pixels[row] = read_pixels(picture, name, channels, side)
        except XferError as error:
            return error
        return _Decoded(hashlib.sha256(content).hexdigest(), size)

    made = list[_Decoded | XferError]()
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
        for start in range(0, len(pictures), BLOCK):
            progress(start / len(pictures))
            made.extend(threads.map(one, range(start, min(start + BLOCK, len(pictures)))))
    return made
