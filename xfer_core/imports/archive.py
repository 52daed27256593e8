"""The files of a folder or a zip archive, read one by one: nothing is unpacked to a path that the archive names."""

from __future__ import annotations

import os
import stat
import threading
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from xfer_core.errors import XferError
from xfer_core.settings import settings

RATIO = 200  # times that a file may be larger than in its archive; photographs hardly shrink, a bomb a thousandfold
SMALL = 1_000_000  # bytes below which the ratio does not matter
JUNK = frozenset(("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini"))
DAMAGED = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError)  # raised when an archive is opened
UTF8_FLAG = 0x800  # of a member whose name is UTF-8


@dataclass(frozen=True)
class Entry:
    """One file.

    Attributes:
        place: its path from the top.
        size: bytes.
        read: reads its bytes; may be called from several threads. Raises XferError: ``broken_zip`` or ``no_file``.
    """

    place: PurePosixPath
    size: int
    read: Callable[[], bytes]


def is_zip(path: Path) -> bool:
    """Whether this file is a zip archive whose list of files can be read."""
    try:
        with zipfile.ZipFile(path):
            return True
    except DAMAGED:
        return False


def names_in(path: Path) -> list[PurePosixPath]:
    """The paths of the files below a folder, or in a zip archive that can be read: only their names, unchecked.

    Raises:
        XferError: ``broken_zip``.
    """
    if path.is_dir():
        places = [place for place, _ in _files_below(path)]
    else:
        try:
            with zipfile.ZipFile(path) as archive:
                places = [PurePosixPath(_name(info)) for info in archive.infolist() if not info.is_dir()]
        except DAMAGED as error:
            raise XferError("broken_zip", path.name, str(error)) from None
    return [place for place in places if not _is_junk(place)]


def list_entries(path: Path) -> list[Entry]:
    """The files below a folder, or in a zip archive, in order.

    Raises:
        XferError: ``broken_zip``, ``zip_encrypted``, ``zip_link``, ``zip_climbs``, ``zip_bomb``, ``import_bytes`` or
            ``import_files``, naming the file.
    """
    entries = _of_zip(path) if path.is_file() else _of_folder(path)
    if len(entries) > (limit := settings().import_files):
        raise XferError("import_files", path.name, len(entries), limit=limit)
    return sorted(entries, key=lambda entry: entry.place)


def entries_of(path: Path, suffixes: Collection[str], skipped: list[XferError]) -> list[Entry]:
    """The files of ``list_entries`` with one of these suffixes.

    Args:
        path: the folder or archive.
        suffixes: in small letters, such as ``.csv``.
        skipped: gets ``other_file`` for each other file, of which no byte is read.
    """
    chosen = list[Entry]()
    for entry in list_entries(path):
        suffix = entry.place.suffix.lower()
        if suffix in suffixes:
            chosen.append(entry)
        else:
            skipped.append(XferError("other_file", str(entry.place), suffix, allowed=tuple(suffixes)))
    return chosen


def _is_junk(place: PurePosixPath) -> bool:
    """What systems put beside files: hidden files and folders, thumbnails."""
    return any(part.casefold() in JUNK or part.startswith(".") for part in place.parts)


def _files_below(folder: Path) -> Iterator[tuple[PurePosixPath, os.DirEntry[str]]]:
    """Each file below a folder with its path in it. Faster than ``rglob``, which asks for each file anew what it is."""
    waiting = [PurePosixPath()]
    while waiting:
        parent = waiting.pop()
        with suppress(PermissionError), os.scandir(folder / parent) as files:
            for file in files:
                if file.is_dir(follow_symlinks=False):
                    waiting.append(parent / file.name)
                elif file.is_file():
                    yield parent / file.name, file


def _of_folder(folder: Path) -> list[Entry]:
    found = list[Entry]()
    for place, file in _files_below(folder):
        if not _is_junk(place) and not file.is_symlink():
            found.append(Entry(place, file.stat().st_size, lambda place=place: _read_file(folder / place, place)))
    _check_total(folder, sum(entry.size for entry in found))
    return found


def _read_file(file: Path, place: PurePosixPath) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise XferError("no_file", str(place), str(place), reason=error.strerror or error) from None


def _check_total(path: Path, total: int) -> None:
    limit = settings().import_megabytes
    if total > limit * 1_000_000:
        raise XferError("import_bytes", path.name, f"{total / 1e6:,.0f} MB", limit=limit)


def _of_zip(path: Path) -> list[Entry]:
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGED as error:
        raise XferError("broken_zip", path.name, str(error)) from None
    files = [info for info in archive.infolist() if not info.is_dir()]
    for info in files:
        _check_member(info)
    total = sum(info.file_size for info in files)
    _check_total(path, total)
    _check_ratio(path.name, total, path.stat().st_size)
    lock, entries = threading.Lock(), list[Entry]()
    for info in files:
        place = PurePosixPath(_name(info))
        if not _is_junk(place):
            entries.append(Entry(place, info.file_size, lambda info=info: _read(archive, info, lock)))
    return entries


def _name(info: zipfile.ZipInfo) -> str:
    """Its path. A name without the flag for UTF-8 is often UTF-8 all the same, such as in archives made on a Mac."""
    name = info.filename
    if not info.flag_bits & UTF8_FLAG:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _check_member(info: zipfile.ZipInfo) -> None:
    name = _name(info)
    parts = PurePosixPath(name).parts
    if not parts or parts[0] == "/" or ".." in parts or parts[0].endswith(":"):
        raise XferError("zip_climbs", name, name)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise XferError("zip_link", name, name)
    if info.flag_bits & 1:
        raise XferError("zip_encrypted", name, name)
    _check_ratio(name, info.file_size, info.compress_size)


def _check_ratio(name: str, unpacked: int, packed: int) -> None:
    """Reject what is a bomb: a file, or all of an archive, whose members may share their bytes."""
    if unpacked > SMALL and unpacked > RATIO * max(1, packed):
        raise XferError("zip_bomb", name, f"{unpacked / max(1, packed):,.0f} times", limit=RATIO)


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, lock: threading.Lock) -> bytes:
    """Its bytes, at most as many as the archive states.

    Raises:
        XferError: ``broken_zip``.
    """
    try:
        with lock, archive.open(info) as file:
            return file.read(info.file_size + 1)[: info.file_size]
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise XferError("broken_zip", info.filename, str(error)) from None
