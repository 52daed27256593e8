"""The run store among several processes, and its schema."""

from __future__ import annotations

import multiprocessing
import time

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tests.support.training import event
from xfer_core.runs import schema
from xfer_core.runs import store as store_module
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import FINISHED, Store, open_store


def _write(url: str, run: str, appends: int) -> None:
    store = Store(url)
    store.create(RunSpec(), name=run)
    (mine,) = [found.id for found in store.find() if found.name == run]
    for i in range(appends):
        first = 3 * i + 1
        store.append(mine, [(first, "a", i, i), (first + 1, "b", i, -i)], [event(first + 2, i)], heartbeat=time.time())
    store.update(mine, status=FINISHED)


def test_two_writers_and_a_reader_lose_nothing(url, tmp_path):
    """Both writers open the new store at once, so both want to migrate it."""
    (tmp_path / "folder").mkdir()
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=_write, args=(url, name, 60)) for name in ("one", "two")]
    for writer in writers:
        writer.start()
    store = Store(url)
    heard, cursors = {}, {}
    while True:
        over = not any(writer.is_alive() for writer in writers)
        for run in store.find():
            news = store.updates_since(run.id, cursors.get(run.id, 0))
            cursors[run.id] = news.seq
            points, events = heard.setdefault(run.name, ([], []))
            points += news.points
            events += [e["seq"] for e in news.events]
        if over:
            break
    assert [writer.exitcode for writer in writers] == [0, 0]
    wanted = [point for i in range(60) for point in (("a", i, float(i)), ("b", i, float(-i)))]
    assert heard == {name: (wanted, [3 * i + 3 for i in range(60)]) for name in ("one", "two")}


def test_opening_again_does_not_migrate_again(store, url, monkeypatch):
    run = store.create(RunSpec())

    def never(*_):
        raise AssertionError("migrated twice")

    monkeypatch.setattr("alembic.command.upgrade", never)
    store_module._database.cache_clear()
    assert Store(url).get(run).id == run


def test_migrations_lead_to_the_schema_and_the_head_is_the_one_named(store):
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
        assert connection.execute(sa.text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(sa.text("PRAGMA foreign_keys")).scalar() == 1
    config = Config()
    config.set_main_option("script_location", str(store_module.Path(store_module.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [store_module.HEAD_REVISION]


def test_a_store_of_the_first_revision_keeps_its_runs(url, tmp_path):
    (tmp_path / "folder").mkdir()
    config = Config()
    config.set_main_option("script_location", str(store_module.Path(store_module.__file__).parent / "migrations"))
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        row = {
            "id": "old",
            "name": "mine",
            "batch": "",
            "spec": "{}",
            "digest": "d",
            "status": "running",
            "created": 1.0,
            "result": '{"images_per_second": 9.0, "fixed_unchanged": true}',
        }
        columns = ", ".join(row)
        connection.execute(sa.text(f"INSERT INTO runs ({columns}) VALUES (:{', :'.join(row)})"), row)
        connection.execute(sa.text("INSERT INTO scalars VALUES ('old', 1, 'images_per_second', 0, 9.0, '')"))
    store = Store(url)
    run = store.get("old")
    assert run.result == {"samples_per_second": 9.0, "frozen_unchanged": True}
    assert store.updates_since("old").points == [("samples_per_second", 0, 9.0)]
    assert (run.name, run.status, run.created) == ("mine", "running", 1.0)
    assert (run.token, run.process, run.deaths, run.died_at) == (None, None, 0, None)


def test_the_settings_name_the_store(monkeypatch, tmp_path):
    monkeypatch.setenv("XFER_HOME", str(tmp_path / "here"))
    monkeypatch.delenv("XFER_DATABASE_URL", raising=False)
    open_store().create(RunSpec())
    assert (tmp_path / "here" / "xfer.db").exists()
    monkeypatch.setenv("XFER_DATABASE_URL", f"sqlite:///{tmp_path / 'there.db'}")
    assert open_store().find() == []
