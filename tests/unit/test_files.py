"""A file that is replaced is the old one or the new one, whatever goes wrong."""

from __future__ import annotations

import os
import threading

import pytest

from xfer_core.files import write_whole


def test_it_takes_the_place_of_the_old_one_which_is_kept_if_asked(tmp_path):
    path, before = tmp_path / "deep" / "file", tmp_path / "deep" / "before"
    write_whole(path, b"one")
    assert [file.read_bytes() for file in path.parent.iterdir()] == [b"one"]
    write_whole(path, b"two", durable=True, before=before)
    assert (path.read_bytes(), before.read_bytes()) == (b"two", b"one")
    write_whole(path, b"three")
    assert (path.read_bytes(), before.read_bytes()) == (b"three", b"one")


@pytest.mark.parametrize("broken", ["replace", "fsync"])
def test_what_fails_leaves_the_old_one_and_nothing_else(tmp_path, monkeypatch, broken):
    write_whole(tmp_path / "file", b"old")

    def fail(*_):
        raise OSError("no")

    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(OSError, match="no"):
        write_whole(tmp_path / "file", b"new", durable=True)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("file", b"old")]


def test_the_content_is_on_the_disk_before_it_has_the_name_and_the_name_before_it_returns(tmp_path, monkeypatch):
    calls, fsync, replace = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (calls.append("fsync"), fsync(handle)))
    monkeypatch.setattr(os, "replace", lambda *names: (calls.append("replace"), replace(*names)))
    write_whole(tmp_path / "file", b"x", durable=True)
    assert calls == ["fsync", "replace", "fsync"]
    calls.clear()
    write_whole(tmp_path / "file", b"x")
    assert calls == ["replace"]


def test_many_who_write_the_same_file_do_not_mix(tmp_path):
    contents = [bytes([i]) * 100_000 for i in range(4)]
    threads = [
        threading.Thread(target=lambda one=one: [write_whole(tmp_path / "file", one) for _ in range(20)])
        for one in contents
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert not (tmp_path / "file").exists() or (tmp_path / "file").read_bytes() in contents
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
