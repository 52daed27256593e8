"""Downloads data sets that do not come with this program.

Files are fetched into a temporary folder and moved to their place when all are complete and checked, so that an
interrupted download leaves no partial file that a later run would use.
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

ASK_SECONDS = 0.2  # between two progress reports
STALL_SECONDS = 60.0  # without a byte, after which a download fails


@dataclass(frozen=True)
class Download:
    """The files of one data set.

    Attributes:
        title: name of the data set.
        size: approximate bytes to download; progress is measured against it.
        archives: the downloaded files, as paths in the data folder.
        is_available: whether a data folder contains all files for reading.
        fetch_files: downloads all files into an empty folder and verifies their checksums. Raises torchvision's errors.
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
    """Thread that downloads one data set; a daemon, so that it cannot keep the process alive."""

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
        except Exception as error:  # raised in the threads that wait
            self.error = error

    def downloaded_bytes(self) -> int:
        """Bytes downloaded so far."""
        if self.folder is None:
            return 0
        parts = [self.folder / name for name in self.download.archives]
        return sum(part.stat().st_size for part in parts if part.exists())


_jobs: dict[tuple[str, Path], _Job] = {}
_lock = threading.Lock()


def _job(download: Download, root: Path) -> _Job:
    """The running job for these files, or a new one, so that files are downloaded only once for several callers."""
    with _lock:
        name = (download.title, root)
        if name not in _jobs or not _jobs[name].is_alive():
            _jobs[name] = _Job(download, root)
            _jobs[name].start()
        return _jobs[name]


def download_files(download: Download, key: str, field: str, progress: Callable[[float], object] | None = None) -> None:
    """Download the files of a data set into the data folder, and wait for them.

    Args:
        download: the data set.
        key, field: the domain and the field that names it, for the error message.
        progress: called with the fraction downloaded, 0 to 1, five times a second and in the caller's thread.

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
            reason = f"no data arrived for {STALL_SECONDS:.0f} s"
            raise XferError("no_download", field, key, folder=root, reason=reason)
        if progress:
            progress(min(most / download.size, 1.0))
        job.join(ASK_SECONDS)
    if job.error is not None:
        raise XferError("no_download", field, key, folder=root, reason=_reason(job.error)) from None
    if progress:
        progress(1.0)


def _reason(error: Exception) -> str:
    """A short reason: torchvision lists every mirror that it tried, the last at the end."""
    text = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
    return (str(text).strip().splitlines() or [type(error).__name__])[-1]


def _abandon(job: _Job) -> None:
    """Forget a job that hangs, so that the next call starts a new one."""
    with _lock:
        _jobs.pop((job.download.title, job.root), None)
