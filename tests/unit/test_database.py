"""What goes wrong under the run store: a lock, a full disk, a place that is none, a file that goes or is replaced."""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
import torch
from safetensors.torch import load_file
from streamlit.testing.v1 import AppTest

from benchmarks.serving import end_dispatchers
from pages.i18n import plain
from tests.support.full_disk import full_disk
from tests.support.runs import running_run, wait_for_end
from xfer_core import files
from xfer_core.cli import main
from xfer_core.errors import XferError
from xfer_core.execution import dispatcher
from xfer_core.execution.worker import run_here
from xfer_core.runs import database
from xfer_core.runs.artifacts import WEIGHTS
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import FAILED, FINISHED, QUEUED, RUNNING, Store, open_store
from xfer_core.settings import settings
from xfer_core.training.checkpoint import read_checkpoint
from xfer_core.workspace import current_workspace

STEPS = 8  # of the runs that `begun` makes


@pytest.fixture
def impatient(monkeypatch) -> None:
    """SQLite itself waits for next to nothing, so that what waits is ours."""
    monkeypatch.setattr(database, "SQLITE_SECONDS", 0.05)


class Lock:
    """A lock on the database, held by a connection that is none of the store's."""

    def __init__(self, store: Store) -> None:
        self.connection = sqlite3.connect(store.engine.url.database, check_same_thread=False)
        self.connection.execute("BEGIN IMMEDIATE")

    def release(self) -> None:
        self.connection.rollback()
        self.connection.close()


def same_weights(one: str, two: str) -> bool:
    first, second = (load_file(current_workspace().artifacts(run) / WEIGHTS) for run in (one, two))
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def losses(store: Store, run: str) -> list[int]:
    return [step for name, step, _ in store.updates_since(run).points if name == "loss/total"]


# ---------------------------------------------------------------------- locked


def test_a_run_waits_for_a_locked_database_and_loses_nothing(impatient, url, every_step):
    store = Store(url)
    whole, run, held = running_run(store), running_run(store), []
    run_here(store, whole, 1)

    def at_three(progress: dict) -> None:
        if progress["step"] == 3 and not held:
            held.append(Lock(store))
            threading.Timer(1.0, held[0].release).start()

    began = time.monotonic()
    assert run_here(store, run, 1, at_three).status == "finished"
    assert time.monotonic() - began > 1.0, "it had something to wait for"
    assert losses(store, run) == list(range(1, STEPS + 1))
    assert same_weights(whole, run)


def test_a_database_that_stays_locked_is_one_sentence_and_the_run_can_go_on(impatient, url, every_step):
    store, locks = Store(url, patience=0.3), []
    run = running_run(store)

    def at_five(progress: dict) -> None:
        if progress["step"] == 5:
            locks.append(Lock(store))

    with pytest.raises(XferError) as caught:
        run_here(store, run, 1, at_five)
    assert caught.value.code == "database_locked"
    assert str(caught.value).startswith("XFER_DATABASE_URL must lead to a database that can be written to")
    assert store.get(run).status == RUNNING, "reading needs no lock"
    locks[0].release()
    assert run_here(store, run, 1).status == "finished"
    assert losses(store, run) == list(range(1, STEPS + 1))


def test_what_is_done_again_after_a_lock_is_there_once(impatient, url):
    store = Store(url)
    lock = Lock(store)
    threading.Timer(0.5, lock.release).start()
    run = store.create(RunSpec())
    assert [found.id for found in store.find()] == [run]


def test_a_mistake_of_the_caller_is_not_repeated(store):
    run = store.create(RunSpec())
    store.append(run, [(1, "lr", 0, 0.1)])
    began = time.monotonic()
    with pytest.raises(sa.exc.IntegrityError):
        store.append(run, [(1, "lr", 0, 0.1)])
    assert time.monotonic() - began < 1


# ---------------------------------------------------------------------- places that are none

PLACES = {
    "no folder": ({"XFER_HOME": "/proc/nope/x"}, "XFER_HOME", "/proc/nope/x"),
    "a file": ({"XFER_HOME": "{here}/file"}, "XFER_HOME", "{here}/file"),
    "in a file": ({"XFER_HOME": "{here}/file/home"}, "XFER_HOME", "{here}/file/home"),
    "no URL": ({"XFER_DATABASE_URL": "hello"}, "XFER_DATABASE_URL", "hello"),
    "no such database": ({"XFER_DATABASE_URL": "foo://x"}, "XFER_DATABASE_URL", "foo://x"),
    "no driver": ({"XFER_DATABASE_URL": "oracle://me:secret@h/x"}, "XFER_DATABASE_URL", "oracle://me:***@h/x"),
    "in memory": ({"XFER_DATABASE_URL": "sqlite://"}, "XFER_DATABASE_URL", "sqlite://"),
    "another file": ({"XFER_DATABASE_URL": "sqlite:///{here}/file"}, "XFER_DATABASE_URL", "{here}/file"),
    "a folder": ({"XFER_DATABASE_URL": "sqlite:///{here}"}, "XFER_DATABASE_URL", "{here}"),
    "no folder for it": ({"XFER_DATABASE_URL": "sqlite:////proc/nope/x.db"}, "XFER_DATABASE_URL", "/proc/nope/x.db"),
}
COMMANDS = [["train"], ["submit"], ["runs"], ["show", "a"], ["stop", "a"], ["export", "a", "out"], ["dispatcher"]]


@pytest.fixture(params=PLACES.values(), ids=list(PLACES))
def misplaced(request, tmp_path, monkeypatch) -> tuple[str, str]:
    """A setting that leads nowhere; its name and what the sentence says that it is."""
    (tmp_path / "file").write_text("no database, but quite some text. " * 9)
    monkeypatch.chdir(tmp_path)
    given, field, value = request.param
    for name, text in given.items():
        monkeypatch.setenv(name, text.format(here=tmp_path))
    return field, value.format(here=tmp_path)


def test_a_place_that_is_none_is_one_line_and_code_2(misplaced, capsys):
    field, value = misplaced
    for command in COMMANDS:
        assert main(command) == 2, command
        heard = capsys.readouterr()
        assert heard.out == "", command
        assert heard.err.count("\n") == 1, heard.err
        assert heard.err.startswith(f"{field} must "), heard.err
        assert value in heard.err.split("found ")[1]
        assert "secret" not in heard.err


def test_a_place_that_is_none_is_one_sentence_on_a_page(misplaced):
    field, value = misplaced
    test = AppTest.from_file("../../pages/shell.py", default_timeout=60).run()
    assert not test.exception
    (error,) = test.error
    assert error.value.startswith(f"{field} must ")
    assert plain(value) in error.value


def test_a_database_of_a_newer_version_is_one_line(capsys):
    store = open_store()
    with store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    from xfer_core.runs import store as store_module

    store_module._database.cache_clear()
    assert main(["runs"]) == 2
    heard = capsys.readouterr().err
    assert heard.startswith("XFER_HOME must lead to a database")
    assert "9999" in heard


# ---------------------------------------------------------------------- a full disk


def test_a_full_disk_fails_a_run_with_a_sentence_and_it_goes_on_from_its_checkpoint(store, every_step, monkeypatch):
    whole, run, write = running_run(store), running_run(store), files.move_into_place
    run_here(store, whole, 1)

    def full(fresh: Path, path: Path, *how: object) -> None:
        if path.name == "checkpoint.pt" and read_checkpoint(fresh)["step"] > 4:
            raise full_disk()
        write(fresh, path, *how)

    with monkeypatch.context() as patch:
        patch.setattr(files, "move_into_place", full)
        assert run_here(store, run, 1) is None
    row = store.get(run)
    assert (row.status, row.reason["code"], row.reason["field"]) == (FAILED, "no_space", "XFER_HOME")
    assert "No space left on device" in row.reason["text"]
    folder = current_workspace().artifacts(run)
    assert read_checkpoint(folder / "checkpoint.pt")["step"] == 4
    assert not list(folder.glob(".*.part")), "what could not be finished takes no room"
    store.command(run, "resume")
    store.transition(run, (QUEUED,), RUNNING)
    assert run_here(store, run, 1).status == "finished"
    assert losses(store, run) == list(range(1, STEPS + 1))
    assert same_weights(whole, run)


def test_a_database_that_cannot_grow_is_a_sentence(store, every_step):
    run = running_run(store)
    with store.engine.connect() as connection:
        pages = connection.execute(sa.text("PRAGMA page_count")).scalar()
        connection.execute(sa.text(f"PRAGMA max_page_count={pages}"))
    points = [(i, "lr", i, 0.1) for i in range(1, 10_000)]
    with pytest.raises(XferError, match=r"XFER_DATABASE_URL must lead .*\(database or disk is full\)"):
        store.append(run, points)
    assert store.updates_since(run).points == []


# ---------------------------------------------------------------------- deleted, replaced


def delete(path: Path) -> None:
    path.unlink()


def delete_all(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def replace(path: Path) -> None:
    other = path.parent / "other" / "other.db"
    Store(f"sqlite:///{other}").engine.dispose()
    os.replace(other, path)


every_loss = pytest.mark.parametrize("lose", [delete, delete_all, empty, replace])


def rows(path: Path) -> list[str]:
    """What somebody else sees who opens the file now."""
    connection = sqlite3.connect(path)
    found = [name for (name,) in connection.execute("SELECT id FROM runs")]
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    return found


@every_loss
def test_nobody_is_served_from_a_database_that_is_gone(url, lose):
    store = Store(url)
    path = Path(store.engine.url.database)
    store.create(RunSpec())
    assert store.database.gone() is None
    lose(path)
    assert store.find() == []
    error = store.database.gone()
    assert (error.code, error.field) == ("database_replaced", "XFER_DATABASE_URL")
    made = [store.create(RunSpec()) for _ in range(3)]
    assert sorted(rows(path)) == sorted(made), "what is written is there for all"
    assert {run.id for run in store.find()} == set(made)


@every_loss
def test_a_run_whose_database_goes_ends_with_a_sentence(url, lose, every_step):
    store = Store(url)
    run, path = running_run(store), Path(store.engine.url.database)

    def lost(progress: dict) -> None:
        if progress["step"] == 5:
            lose(path)

    with pytest.raises(XferError) as caught:
        run_here(store, run, 1, lost)
    assert caught.value.code == "database_replaced"
    assert store.find() == []


@pytest.mark.parametrize("another", [False, True], ids=["", "while another one is there"])
def test_a_database_that_comes_back_brings_its_runs_back_and_they_go_on(url, every_step, another):
    store = Store(url)
    whole, run = running_run(store), running_run(store)
    run_here(store, whole, 1)
    path = Path(store.engine.url.database)

    def lost(progress: dict) -> None:
        if progress["step"] == 5:
            os.replace(path, path.with_name("away.db"))
            if another:
                replace(path)

    with pytest.raises(XferError):
        run_here(store, run, 1, lost)
    os.replace(path.with_name("away.db"), path)
    assert {found.id for found in store.find()} == {whole, run}
    assert run_here(store, run, 1).status == "finished"
    assert losses(store, run) == losses(store, whole)
    assert same_weights(whole, run)


def test_a_database_overwritten_with_something_else_is_one_line(capsys):
    store = open_store()
    run = store.create(RunSpec())
    path = Path(store.engine.url.database)
    store.engine.dispose()
    path.write_bytes(b"hello" * 2000)
    with pytest.raises(XferError, match=r"XFER_HOME must lead to a database .*not a database"):
        store.get(run)
    assert main(["runs"]) == 2
    assert "not a database" in capsys.readouterr().err


def test_an_empty_list_beside_files_of_runs_says_so(capsys):
    store = open_store()
    run_here(store, running_run(store), 1)
    assert main(["runs"]) == 0
    assert capsys.readouterr().err == ""
    Path(store.engine.url.database).unlink()
    assert main(["runs"]) == 0
    heard = capsys.readouterr()
    assert "holds files of runs that its database does not know (1)" in heard.err
    assert "no runs yet" not in heard.out


def test_a_page_says_that_the_database_is_another_one_until_that_is_read(monkeypatch):
    monkeypatch.setattr(dispatcher, "ensure_dispatcher", lambda: None)
    store = open_store()
    store.create(RunSpec())
    test = AppTest.from_file("../../pages/shell.py", default_timeout=60).run()
    assert not test.warning
    Path(store.engine.url.database).unlink()
    for _ in range(2):
        test.run()
        assert not test.exception
        assert "deleted or replaced while it was in use" in test.warning[0].value
    test.button(key="note-replaced").click().run()
    assert not test.warning


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="workers are forked on Linux alone")
def test_what_is_queued_in_a_database_made_anew_is_trained(monkeypatch, capsys):
    monkeypatch.setenv("XFER_IDLE_MINUTES", "1")
    quick = [part for change in ("training.steps=2", "network.width=4") for part in ("--set", change)]
    try:
        assert main(["submit", *quick]) == 0
        wait_for_end(open_store(), capsys.readouterr().out.strip(), FINISHED)
        serving = dispatcher._started[settings().home]
        Path(open_store().engine.url.database).unlink()
        assert main(["submit", *quick]) == 0
        wait_for_end(open_store(), capsys.readouterr().out.splitlines()[-1].strip(), FINISHED)
        assert serving.poll() is None, "the dispatcher that was there has done it"
    finally:
        end_dispatchers(settings().home)


def test_the_log_of_a_database_that_another_process_made_anew_stays(store, monkeypatch):
    store.create(RunSpec())
    file = Path(store.engine.url.database)
    log = Path(f"{file}-wal")
    assert log.exists()
    file.unlink()

    class Faster:
        """Another process has the lock first, and makes the file and its log anew."""

        def __init__(self, _path) -> None: ...

        def __enter__(self) -> None:
            if not file.exists():
                log.unlink()
                file.write_bytes(b"new")
                log.write_bytes(b"new log")

        def __exit__(self, *_) -> None: ...

    monkeypatch.setattr(database, "FileLock", Faster)
    store.database._forget()
    assert log.read_bytes() == b"new log"
