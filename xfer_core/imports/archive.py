"""The files of a folder or a zip archive, read one by one: nothing is unpacked to a path that the archive names."""

from __future__ import annotations

import stat
import threading
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from xfer_core.errors import XferError
from xfer_core.settings import settings

RATIO = 200  # times that a file may be larger than in its archive; photographs hardly shrink, a bomb a thousandfold
SMALL = 1_000_000  # bytes below which the ratio does not matter
JUNK = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class Entry:
    """One file.

    Attributes:
        place: its path from the top, without the folders that all files share.
        read: reads its bytes; may be called from several threads.
    """

    place: PurePosixPath
    read: Callable[[], bytes]


def is_zip(path: Path) -> bool:
    """Whether this file is a zip archive."""
    return path.is_file() and zipfile.is_zipfile(path)


def list_entries(path: Path) -> list[Entry]:
    """The files below a folder, or in a zip archive, in order.

    Raises:
        XferError: ``broken_zip``, ``zip_encrypted``, ``zip_link``, ``zip_climbs``, ``zip_bomb``, ``import_bytes`` or
            ``import_files``, naming the file.
    """
    entries = _of_zip(path) if path.is_file() else _of_folder(path)
    if len(entries) > (limit := settings().import_files):
        raise XferError("import_files", path.name, len(entries), limit=limit)
    entries.sort(key=lambda entry: entry.place)
    tops = {entry.place.parts[0] for entry in entries}
    while len(tops) == 1 and entries and min(len(entry.place.parts) for entry in entries) > 2:
        entries = [Entry(PurePosixPath(*entry.place.parts[1:]), entry.read) for entry in entries]
        tops = {entry.place.parts[0] for entry in entries}
    return entries


def _is_junk(place: PurePosixPath) -> bool:
    return any(part in JUNK or part.startswith("._") for part in place.parts)


def _of_folder(folder: Path) -> list[Entry]:
    files = [file for file in folder.rglob("*") if file.is_file() and not file.is_symlink()]
    _check_total(folder, sum(file.stat().st_size for file in files))
    found = [(PurePosixPath(file.relative_to(folder).as_posix()), file) for file in files]
    return [Entry(place, file.read_bytes) for place, file in found if not _is_junk(place)]


def _check_total(path: Path, total: int) -> None:
    limit = settings().import_megabytes
    if total > limit * 1_000_000:
        raise XferError("import_bytes", path.name, f"{total / 1e6:,.0f} MB", limit=limit)


def _of_zip(path: Path) -> list[Entry]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise XferError("broken_zip", path.name, str(error)) from None
    files = [info for info in archive.infolist() if not info.is_dir()]
    for info in files:
        _check_member(info)
    _check_total(path, sum(info.file_size for info in files))
    lock, entries = threading.Lock(), list[Entry]()
    for info in files:
        place = PurePosixPath(info.filename.replace("\\", "/"))
        if not _is_junk(place):
            entries.append(Entry(place, lambda info=info: _read(archive, info, lock)))
    return entries


def _check_member(info: zipfile.ZipInfo) -> None:
    name, parts = info.filename, PurePosixPath(info.filename.replace("\\", "/")).parts
    if not parts or parts[0] == "/" or ".." in parts or parts[0].endswith(":"):
        raise XferError("zip_climbs", name, name)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise XferError("zip_link", name, name)
    if info.flag_bits & 1:
        raise XferError("zip_encrypted", name, name)
    if info.file_size > SMALL and info.file_size > RATIO * max(1, info.compress_size):
        raise XferError("zip_bomb", name, f"{info.file_size / max(1, info.compress_size):,.0f} times", limit=RATIO)


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
