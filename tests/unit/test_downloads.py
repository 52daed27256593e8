"""Downloads: a connection that breaks off is gone on with, a checksum decides, and a cancelled one keeps its bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import threading
import time
import zipfile
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from xfer_core.domains.downloads import Download, download_files, running_download, start_download
from xfer_core.domains.remote_files import Cancelled, RemoteFile, Unreachable, fetch_file
from xfer_core.errors import XferError

CONTENT = np.random.default_rng(0).bytes(300_000)


class Server:
    """A web server on this machine that can break off.

    Attributes:
        files: path → content.
        breaks: the bytes after which each coming answer ends; then they are whole.
        ranges: whether it can begin in the middle of a file.
        asked: (path, header Range) of each request.
        pause: seconds between blocks.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"/whole": CONTENT}
        self.breaks: list[int] = []
        self.ranges, self.pause, self.status = True, 0.0, 0
        self.asked: list[tuple[str, str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *_) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_address[1]}"
        self.thread = threading.Thread(target=partial(self.http.serve_forever, 0.01), daemon=True)
        self.thread.start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers["Range"]
        self.asked.append((request.path, wanted))
        content = self.files.get(request.path)
        if content is None or self.status:
            request.send_error(self.status or 404)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.ranges else 0
        if start and start >= len(content):
            request.send_error(416)
            return
        request.send_response(206 if wanted and self.ranges else 200)
        request.send_header("Content-Length", str(len(content) - start))
        if wanted and self.ranges:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        request.end_headers()
        end = start + self.breaks.pop(0) if self.breaks else len(content)
        try:
            for at in range(start, min(end, len(content)), 10_000):
                request.wfile.write(content[at : min(at + 10_000, end)])
                time.sleep(self.pause)
        except OSError:
            pass  # the reader went away

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join(5)


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XFER_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def remote(*urls: str, content: bytes = CONTENT, algorithm: str = "md5", **more) -> RemoteFile:
    return RemoteFile("sets/whole.bin", urls, hashlib.new(algorithm, content).hexdigest(), **more)


def fetch(file: RemoteFile, root: Path, stop: threading.Event | None = None) -> list[int]:
    """The bytes that were reported."""
    reported: list[int] = []
    assert fetch_file(file, root, stop or threading.Event(), reported.append) > 0
    return reported


def files_in(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_a_file_arrives_whole_and_is_not_asked_for_again(server, root, algorithm):
    file = remote(f"{server.address}/whole", algorithm=algorithm)
    reported = fetch(file, root)
    assert reported == sorted(reported)
    assert reported[-1] == len(CONTENT)
    assert (root / file.path).read_bytes() == CONTENT
    assert files_in(root) == ["sets/whole.bin"]
    assert fetch_file(file, root, threading.Event(), reported.append) == len(CONTENT)
    assert len(server.asked) == 1


def test_a_connection_that_breaks_off_is_gone_on_with_where_it_ended(server, root):
    server.breaks = [70_000, 100_000]
    fetch(remote(f"{server.address}/whole"), root)
    assert (root / "sets/whole.bin").read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None, "bytes=70000-", "bytes=170000-"]


def test_what_an_earlier_program_received_is_not_received_again(server, root):
    part = root / "sets/whole.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT[:123_456])
    fetch(remote(f"{server.address}/whole"), root)
    assert (root / "sets/whole.bin").read_bytes() == CONTENT
    assert server.asked == [("/whole", "bytes=123456-")]
    assert not part.exists()


def test_a_server_that_cannot_begin_in_the_middle_begins_anew(server, root):
    server.ranges, server.breaks = False, [70_000]
    fetch(remote(f"{server.address}/whole"), root)
    assert (root / "sets/whole.bin").read_bytes() == CONTENT


def test_a_part_that_is_whole_already_only_needs_its_checksum(server, root):
    part = root / "sets/whole.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT)
    fetch_file(remote(f"{server.address}/whole"), root, threading.Event(), print)
    assert (root / "sets/whole.bin").read_bytes() == CONTENT
    assert server.asked == [("/whole", "bytes=300000-")]


def test_the_next_mirror_is_asked_and_goes_on(server, root):
    server.files["/short"] = CONTENT[:90_000]
    other = Server()
    other.files = {}
    try:
        fetch(remote(f"{other.address}/whole", f"{server.address}/whole"), root)
    finally:
        other.close()
    assert (root / "sets/whole.bin").read_bytes() == CONTENT
    assert other.asked == [("/whole", None)]


def test_another_file_is_removed_and_the_next_mirror_gives_the_right_one(server, root):
    server.files["/wrong"] = CONTENT[::-1]
    fetch(remote(f"{server.address}/wrong", f"{server.address}/whole"), root)
    assert (root / "sets/whole.bin").read_bytes() == CONTENT
    with pytest.raises(Unreachable, match="checksum"):
        fetch_file(
            RemoteFile("other.bin", (f"{server.address}/wrong",), "0" * 64), root, threading.Event(), lambda _: None
        )
    assert files_in(root) == ["sets/whole.bin"]


def test_a_wrong_part_is_thrown_away_and_comes_right_at_the_next_try(server, root):
    part = root / "sets/whole.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 1000)
    file = remote(f"{server.address}/whole")
    with pytest.raises(Unreachable):
        fetch_file(file, root, threading.Event(), lambda _: None)
    fetch(file, root)
    assert (root / "sets/whole.bin").read_bytes() == CONTENT


def test_a_cancelled_download_keeps_what_arrived_and_goes_on_later(server, root):
    server.pause = 0.01
    stop, file = threading.Event(), remote(f"{server.address}/whole")
    with pytest.raises(Cancelled):
        fetch_file(file, root, stop, lambda size: size > 50_000 and stop.set())
    kept = (root / "sets/whole.bin.part").stat().st_size
    assert 50_000 < kept < len(CONTENT)
    server.pause = 0
    fetch(file, root)
    assert server.asked[-1] == ("/whole", f"bytes={kept}-")
    assert (root / "sets/whole.bin").read_bytes() == CONTENT


def download_of(server: Server, root: Path) -> Download:
    return Download(
        "Whole",
        len(CONTENT),
        lambda: (remote(f"{server.address}/whole"),),
        lambda root: (root / "sets/whole.bin").is_file(),
    )


def test_a_job_shows_its_progress_and_can_be_cancelled_and_started_again(server, root):
    server.pause = 0.02
    download = download_of(server, root)
    assert running_download(download) is None
    job = start_download(download)
    assert start_download(download) is job
    assert running_download(download) is job
    deadline = time.monotonic() + 10
    while not job.received and time.monotonic() < deadline:
        time.sleep(0.01)
    assert 0 < job.fraction < 1
    job.cancel()
    job.join(10)
    assert not job.is_alive()
    assert job.reason() == "it was cancelled; what arrived is kept"
    assert running_download(download) is None
    threading.Timer(0.2, lambda: running_download(download).cancel()).start()
    with pytest.raises(XferError, match="cancelled"):
        download_files(download, "whole", "problem.source")
    server.pause = 0
    fractions: list[float] = []
    download_files(download, "whole", "problem.source", fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert download.is_available(root)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://127.0.0.1:9/whole", "127.0.0.1 cannot be reached (Connection refused); is this machine connected"),
        ("http://no-such-host.invalid/whole", "no-such-host.invalid cannot be reached"),
    ],
)
def test_without_a_network_a_plain_sentence_says_so(root, url, sentence):
    download = Download("Nowhere", 1, lambda: (remote(url),), lambda _: False)
    with pytest.raises(XferError) as caught:
        download_files(download, "mnist", "problem.target")
    assert (caught.value.code, caught.value.field) == ("no_download", "problem.target")
    assert sentence in str(caught.value)
    assert files_in(root) == []


def test_what_a_server_answers_instead_is_said(server, root):
    download = Download("Gone", 1, lambda: (remote(f"{server.address}/gone"),), lambda _: False)
    with pytest.raises(XferError, match=r"127\.0\.0\.1 answered 404 Not Found"):
        download_files(download, "mnist", "problem.target")


def packed(kind: str) -> bytes:
    """An archive of three files, one of which climbs out of its folder."""
    files = {"in/one.bin": CONTENT, "in/two.bin": b"two", "../../climbs.bin": b"out"}
    archive = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as whole:
            for name, content in files.items():
                whole.writestr(name, content)
        return archive.getvalue()
    with tarfile.open(fileobj=archive, mode="w") as whole:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            whole.addfile(entry, io.BytesIO(content))
    return gzip.compress(archive.getvalue(), 1)


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_of_an_archive_the_chosen_files_are_kept_and_nothing_else(server, root, kind):
    content = packed(kind)
    server.files["/archive"] = content
    file = RemoteFile(
        f"archive.{kind}",
        (f"{server.address}/archive",),
        hashlib.md5(content).hexdigest(),
        {"in/one.bin": "here/one.bin"},
    )
    fetch(file, root)
    assert files_in(root) == ["here/one.bin"]
    assert (root / "here/one.bin").read_bytes() == CONTENT
    assert not (root.parent / "climbs.bin").exists()
    fetch_file(file, root, threading.Event(), print)
    assert len(server.asked) == 1


def test_an_archive_without_the_file_is_named(server, root):
    content = packed("zip")
    server.files["/archive"] = content
    file = RemoteFile(
        "a.zip", (f"{server.address}/archive",), hashlib.md5(content).hexdigest(), {"in/three.bin": "three.bin"}
    )
    with pytest.raises(Unreachable, match=r"a\.zip has no three\.bin"):
        fetch_file(file, root, threading.Event(), lambda _: None)
