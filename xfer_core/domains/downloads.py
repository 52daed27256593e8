"""Downloads data sets that do not come with this program, and goes on where a download broke off.

Each file arrives in ``NAME.part`` beside its place and is moved there when its checksum is right, so that a reader
finds whole files only. What arrived of a file is kept when the connection breaks, when somebody cancels and when the
program ends: the next try asks the server for the rest (HTTP Range).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from xfer_core.domains.remote_files import Cancelled, RemoteFile, fetch_file
from xfer_core.errors import XferError
from xfer_core.settings import settings

ASK_SECONDS = 0.2  # between two progress reports
STALL_SECONDS = 60.0  # without a byte, after which a download fails


@dataclass(frozen=True)
class Download:
    """The files of one data set.

    Attributes:
        title: name of the data set.
        size: approximate bytes to download; progress is measured against it.
        files: the files, asked for at the download only, because some know them from torchvision, which loads slowly.
        is_available: whether a data folder contains all files for reading.
    """

    title: str
    size: int
    files: Callable[[], tuple[RemoteFile, ...]]
    is_available: Callable[[Path], bool]

    @property
    def megabytes(self) -> int:
        """``size`` in megabytes, for people; at least 1."""
        return max(1, round(self.size / 1e6))


class DownloadJob(threading.Thread):
    """Thread that downloads one data set; a daemon, so that it cannot keep the process alive.

    Attributes:
        received: bytes on this machine so far, those of earlier tries included.
        error: why it failed; None before its end and after a success.
    """

    def __init__(self, download: Download, root: Path) -> None:
        super().__init__(daemon=True, name=f"download of {download.title}")
        self.download, self.root = download, root
        self.received = 0
        self.error: Exception | None = None
        self._stop_event = threading.Event()

    @property
    def fraction(self) -> float:
        """The part that is on this machine, 0 to 1."""
        return min(self.received / self.download.size, 1.0)

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked for its end."""
        return self._stop_event.is_set()

    def cancel(self) -> None:
        """Ask for its end, at once if data is arriving; what arrived is kept."""
        self._stop_event.set()

    def reason(self) -> str:
        """Why it failed, in one line; empty if it did not."""
        return _reason(self.error) if self.error else ""

    def run(self) -> None:
        """Download every file that is missing."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            whole = 0
            for file in self.download.files():
                whole += fetch_file(file, self.root, self._stop_event, self._report(whole))
                self.received = whole
        except Exception as error:  # raised in the threads that wait
            self.error = error

    def _report(self, whole: int) -> Callable[[int], None]:
        """Notes the bytes of the current file, after ``whole`` bytes of the files before it."""

        def note(of_this_file: int) -> None:
            self.received = whole + of_this_file

        return note


_jobs: dict[tuple[str, Path], DownloadJob] = {}
_lock = threading.Lock()


def start_download(download: Download) -> DownloadJob:
    """The running job for these files, or a new one, so that files are downloaded only once for several callers."""
    root = settings().data_folder
    with _lock:
        name = (download.title, root)
        if name not in _jobs or not _jobs[name].is_alive() or _jobs[name].cancelled:
            _jobs[name] = DownloadJob(download, root)
            _jobs[name].start()
        return _jobs[name]


def running_download(download: Download) -> DownloadJob | None:
    """The job that downloads these files now; None if there is none."""
    with _lock:
        job = _jobs.get((download.title, settings().data_folder))
    return job if job and job.is_alive() and not job.cancelled else None


def download_files(download: Download, key: str, field: str, progress: Callable[[float], object] | None = None) -> None:
    """Download the files of a data set into the data folder, and wait for them.

    Args:
        download: the data set.
        key, field: the domain and the field that names it, for the error message.
        progress: called with the fraction downloaded, 0 to 1, five times a second and in the caller's thread.

    Raises:
        XferError: ``no_download``, with the folder and the reason.
    """
    job = start_download(download)
    most, since = 0, time.monotonic()
    while job.is_alive():
        if job.received > most:
            most, since = job.received, time.monotonic()
        if time.monotonic() - since > STALL_SECONDS:
            job.cancel()  # so that the next call starts a new one
            reason = f"no data arrived for {STALL_SECONDS:.0f} s"
            raise XferError("no_download", field, key, folder=job.root, reason=reason)
        if progress:
            progress(job.fraction)
        job.join(ASK_SECONDS)
    check_download(job, key, field)
    if progress:
        progress(1.0)


def check_download(job: DownloadJob, key: str, field: str) -> None:
    """Reject a job that failed.

    Raises:
        XferError: ``no_download``, with the folder and the reason.
    """
    if job.error is not None:
        raise XferError("no_download", field, key, folder=job.root, reason=job.reason()) from None


def _reason(error: Exception) -> str:
    """A short reason."""
    if isinstance(error, Cancelled):
        return "it was cancelled; what arrived is kept"
    text = str(getattr(error, "strerror", None) or error)
    return (text.strip().splitlines() or [type(error).__name__])[-1]
