"""One file from the internet: mirrors, resuming, checksum, and the members of an archive that are kept."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import threading
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.parse import urlsplit

from xfer_core.files import move_into_place

TIMEOUT_SECONDS = 30.0  # for a connection, and for each block
TRIES = 50  # per mirror; each must have brought the file further
BLOCK = 1 << 16
CHECKSUMS = {32: "md5", 64: "sha256"}  # hexadecimal digits → algorithm
AGENT = "xfer (data set download)"
RANGE_BEYOND_END = 416


class Cancelled(Exception):
    """Somebody cancelled the download."""


class Unreachable(Exception):
    """No mirror gave the file; the text says why, for people."""


@dataclass(frozen=True)
class RemoteFile:
    """A file on the internet.

    Attributes:
        path: its place in the data folder.
        urls: the same file on several servers, tried in this order.
        checksum: MD5 (32 hexadecimal digits) or SHA-256 (64).
        members: of a ``.zip`` or ``.tar.gz``: name in the archive → place in the data folder. Only these files are
            kept, and the archive is removed. Empty: the file itself is kept.
    """

    path: str
    urls: tuple[str, ...]
    checksum: str
    members: Mapping[str, str] = field(default_factory=dict[str, str])

    def places(self, root: Path) -> tuple[Path, ...]:
        """The files that are there when the download is done."""
        return tuple(root / name for name in self.members.values()) or (root / self.path,)


def fetch_file(file: RemoteFile, root: Path, stop: threading.Event, report: Callable[[int], object]) -> int:
    """Download one file, or the rest of it, unless it is there.

    Args:
        file: what to download.
        root: the data folder.
        stop: ends the download when it is set.
        report: called with the bytes of this file that are on this machine.

    Returns:
        The bytes of the file.

    Raises:
        Cancelled: ``stop`` was set.
        Unreachable: no server gave the whole file.
        OSError: the file cannot be written.
    """
    places = file.places(root)
    if all(place.is_file() for place in places):
        return sum(place.stat().st_size for place in places)
    archive = root / file.path
    archive.parent.mkdir(parents=True, exist_ok=True)
    part = archive.with_name(f"{archive.name}.part")
    reason = "no server is known for it"
    for url in file.urls:
        reason = _receive_all(url, part, stop, report) or _mismatch(part, file.checksum)
        if not reason:
            size = part.stat().st_size
            _unpack(part, file, root, stop) if file.members else move_into_place(part, archive, durable=True)
            return size
    raise Unreachable(reason)


def _receive_all(url: str, part: Path, stop: threading.Event, report: Callable[[int], object]) -> str:
    """Receive a file from one server, going on as long as each try brings it further. Why it failed, or nothing."""
    for _ in range(TRIES):
        before = _size(part)
        try:
            _receive_rest(url, part, stop, report)
        except HTTPError as error:
            if error.code == RANGE_BEYOND_END and before:  # all of it is here already, as the checksum will tell
                return ""
            return f"{_host(url)} answered {error.code} {error.reason}"
        except _Broken as error:
            if _size(part) <= before:
                return f"{_host(url)} cannot be reached ({error}); is this machine connected to the internet?"
        else:
            return ""
    return f"{_host(url)} broke off {TRIES} times"


class _Broken(Exception):
    """The connection cannot be made, or broke off."""


@contextmanager
def _connection() -> Iterator[None]:
    """Tell errors of the network from those of the disk."""
    try:
        yield
    except HTTPError:
        raise
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        raise _Broken(text) from None


def _receive_rest(url: str, part: Path, stop: threading.Event, report: Callable[[int], object]) -> None:
    """One request for what is missing of a file; from the start where a server cannot do that.

    Raises:
        HTTPError: the server refused.
        _Broken: the connection failed; what arrived is in ``part``.
        Cancelled: ``stop`` was set.
        OSError: the file cannot be written.
    """
    have = _size(part)
    headers = {"User-Agent": AGENT, "Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    if stop.is_set():
        raise Cancelled
    with _connection():
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT_SECONDS)
    with response:
        if stop.is_set():
            raise Cancelled
        if have and not _continues(response, have):
            have = 0
        length = response.headers.get("Content-Length")
        with part.open("ab" if have else "wb") as out:
            while block := _read_block(response):
                if stop.is_set():
                    raise Cancelled
                out.write(block)
                have += len(block)
                report(have)
                if length is not None:
                    length = int(length) - len(block)
    if length is not None and int(length) > 0:  # http.client ends such a file without an error
        raise _Broken("the connection broke off")


def _read_block(response: IO[bytes]) -> bytes:
    with _connection():
        return response.read(BLOCK)


def _continues(response: object, have: int) -> bool:
    """Whether the server sends the file from this byte on."""
    headers = getattr(response, "headers")  # noqa: B009 - of a type that urllib does not declare
    return getattr(response, "status", None) == 206 and str(headers.get("Content-Range")).startswith(f"bytes {have}-")


def _mismatch(part: Path, checksum: str) -> str:
    """Why this is not the file: its checksum differs, so it is removed. Nothing if it is."""
    with part.open("rb") as whole:
        found = hashlib.file_digest(whole, CHECKSUMS[len(checksum)]).hexdigest()
    if found == checksum.lower():
        return ""
    size = _size(part)
    part.unlink()
    return f"the file of {size:,} bytes was corrupted on its way: its checksum is {found}, not {checksum}"


def _unpack(part: Path, file: RemoteFile, root: Path, stop: threading.Event) -> None:
    """Keep the chosen members of an archive, each whole or not at all, and remove the archive."""
    for member, content in _members(part, file):
        if stop.is_set():
            raise Cancelled
        place = root / file.members[member]
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = place.with_name(f"{place.name}.part")
        with fresh.open("wb") as out:
            shutil.copyfileobj(content, out, 1 << 20)
        move_into_place(fresh, place, durable=True)
    missing = [str(place.relative_to(root)) for place in file.places(root) if not place.is_file()]
    if missing:
        raise Unreachable(f"{file.path} has no {missing[0]}")
    part.unlink()


def _members(part: Path, file: RemoteFile) -> Iterator[tuple[str, IO[bytes]]]:
    """The chosen members of an archive with their content, in the order of the archive, which is read once."""
    if file.path.endswith(".zip"):
        with zipfile.ZipFile(part) as packed:
            for name in packed.namelist():
                if name in file.members:
                    with packed.open(name) as content:
                        yield name, content
        return
    with tarfile.open(part, "r|gz") as packed:
        for member in packed:
            if member.isfile() and member.name in file.members and (content := packed.extractfile(member)):
                yield member.name, content


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _host(url: str) -> str:
    return urlsplit(url).hostname or url
