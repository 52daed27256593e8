"""Uploaded files on disk: where they lie until their data is kept or dropped."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from typing import BinaryIO, Protocol

from xfer_core.settings import settings

CHUNK = 1 << 20  # bytes copied at a time
FORGOTTEN_SECONDS = 24 * 3600.0  # after which an upload that nobody kept is removed
LONGEST = 255  # bytes of a file's name
# What no file's name can hold; names of folders are those of classes, so nothing else is changed.
STRANGE = re.compile(r"[\x00-\x1f\x7f/\\]" if os.name == "posix" else r'[\x00-\x1f\x7f/\\:*?"<>|]')


class Uploaded(Protocol):
    """A file as Streamlit hands it over; its name may contain folders."""

    name: str

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """As of any file."""
        ...

    def read(self, size: int | None = -1, /) -> bytes:
        """As of any file."""
        ...


def put_on_disk(files: Sequence[Uploaded]) -> Path:
    """Write the files into a new folder.

    Args:
        files: one file, or all those of an uploaded folder.

    Returns:
        The file, under its own name; of several, the folder that holds them all.

    Raises:
        OSError: nothing of them remains.
    """
    root = settings().home / "uploads"
    root.mkdir(parents=True, exist_ok=True)
    _remove_forgotten(root)
    place = Path(mkdtemp(prefix="upload-", dir=root))
    try:
        written = [_write(file, place) for file in files]
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return written[0] if len(written) == 1 else _common(place)


def remove_upload(path: Path) -> None:
    """Remove what :func:`put_on_disk` wrote."""
    root = settings().home / "uploads"
    if path.is_relative_to(root) and path != root:
        shutil.rmtree(root / path.relative_to(root).parts[0], ignore_errors=True)


def _write(file: Uploaded, place: Path) -> Path:
    target = place.joinpath(*_parts(file.name))
    target.parent.mkdir(parents=True, exist_ok=True)
    file.seek(0)
    with target.open("wb") as copy:
        _copy(file, copy)
    return target


def _copy(file: Uploaded, copy: BinaryIO) -> None:
    while part := file.read(CHUNK):
        copy.write(part)


def _parts(name: str) -> list[str]:
    """The folders and the name of an uploaded file, none of which leads out of its place."""
    parts = [_cut(STRANGE.sub("_", part)) for part in PurePosixPath(name.replace("\\", "/")).parts]
    return [part for part in parts if part.strip(". ") and part != "_"] or ["file"]


def _cut(part: str) -> str:
    """The end of a name that is too long for a file system."""
    return part.encode(errors="replace")[-LONGEST:].decode(errors="ignore")


def _common(place: Path) -> Path:
    """The folder itself if it is the only thing that was uploaded, so that it keeps its name."""
    inside = list(place.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else place


def _remove_forgotten(root: Path) -> None:
    """Remove the uploads of visitors who left without a decision."""
    for place in root.glob("upload-*"):
        with suppress(OSError):  # removed by somebody else in the meantime
            if time.time() - place.stat().st_mtime > FORGOTTEN_SECONDS:
                shutil.rmtree(place, ignore_errors=True)
