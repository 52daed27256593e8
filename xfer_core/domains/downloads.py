"""Data sets that do not come with this program: whether their files are here, and how they get here.

Files are fetched into a folder of their own and moved to their place when all are complete and checked: whoever is
interrupted leaves no half file that a later run would take for a whole one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from xfer_core.errors import XferError
from xfer_core.files import move_into_place
from xfer_core.settings import settings

ASK_SECONDS = 0.2  # between two looks at how much has come
STALL_SECONDS = 60.0  # without a byte, after which a download is given up


@dataclass(frozen=True)
class Download:
    """The files of one data set.

    Attributes:
        title: what the data set is called.
        size: bytes that come over the network, about; what a progress display measures against.
        archives: the files that come over the network, as paths in the data folder.
        here: whether a data folder holds all that reading needs.
        fetch: brings all files into an empty folder and verifies their checksums. Raises what torchvision raises.
    """

    title: str
    size: int
    archives: tuple[str, ...]
    is_available: Callable[[Path], bool]
    fetch_files: Callable[[Path], object]

    @property
    def megabytes(self) -> int:
        """``size`` in megabytes, for people; at least 1."""
        return max(1, round(self.size / 1e6))


class _Job(threading.Thread):
    """Fetches one data set; ends with the process, whatever the network does."""

    def __init__(self, download: Download, root: Path) -> None:
        super().__init__(daemon=True)
        self.download, self.root = download, root
        self.folder: Path | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix=".download-", dir=self.root, ignore_cleanup_errors=True) as folder:
                self.folder = Path(folder)
                self.download.fetch_files(self.folder)
                for path in [path for path in self.folder.rglob("*") if path.is_file()]:
                    place = self.root / path.relative_to(self.folder)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    move_into_place(path, place, durable=True)
        except Exception as error:  # told to whoever waits, in their thread
            self.error = error

    def downloaded_bytes(self) -> int:
        """How much has come."""
        if self.folder is None:
            return 0
        parts = [self.folder / name for name in self.download.archives]
        return sum(part.stat().st_size for part in parts if part.exists())


_jobs: dict[tuple[str, Path], _Job] = {}
_lock = threading.Lock()


def _job(download: Download, root: Path) -> _Job:
    """The job under way for these files, or a new one: however many ask, the files come once."""
    with _lock:
        name = (download.title, root)
        if name not in _jobs or not _jobs[name].is_alive():
            _jobs[name] = _Job(download, root)
            _jobs[name].start()
        return _jobs[name]


def download_files(download: Download, key: str, field: str, progress: Callable[[float], object] | None = None) -> None:
    """Bring the files of a data set into the data folder, and wait until they are there.

    Args:
        download: what is wanted.
        key, field: the domain and where it was named, for the sentence if it fails.
        progress: is told the fraction that has come, 0 to 1, five times a second and in the caller's thread.

    Raises:
        XferError: ``no_download``, with the folder and the reason.
    """
    root = settings().data_folder
    job = _job(download, root)
    most, since = 0, time.monotonic()
    while job.is_alive():
        come = job.downloaded_bytes()
        if come > most:
            most, since = come, time.monotonic()
        if time.monotonic() - since > STALL_SECONDS:
            _abandon(job)
            reason = f"nothing came for {STALL_SECONDS:.0f} s"
            raise XferError("no_download", field, key, folder=root, reason=reason)
        if progress:
            progress(min(most / download.size, 1.0))
        job.join(ASK_SECONDS)
    if job.error is not None:
        raise XferError("no_download", field, key, folder=root, reason=_reason(job.error)) from None
    if progress:
        progress(1.0)


def _reason(error: Exception) -> str:
    """What went wrong, in short: torchvision lists every mirror that it tried, the last at the end."""
    said = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return (str(said).strip().splitlines() or [type(error).__name__])[-1]


def _abandon(job: _Job) -> None:
    """Forget a job that hangs, so that the next who asks begins anew."""
    with _lock:
        _jobs.pop((job.download.title, job.root), None)
