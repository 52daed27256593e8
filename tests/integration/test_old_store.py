"""A database of an older version: it opens, and nothing of it is lost."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.pages import app, text_of
from xfer_core.experiments.experiment import Condition, Experiment, missing_specs
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import FINISHED, QUEUED, Store

DUMP = Path(__file__).with_name("store_0004.sql")  # trained and written by revision 0004
PRESETS = {
    "race-33334444": "race",
    "experiment-help-55556666": "help",
    "experiment-freeze-77778888": "freeze",
    "sweep-1-9999aaaa": "lambda",
    "train-11112222": "train",
}


@pytest.fixture
def old(tmp_path) -> sqlite3.Connection:
    """The database of this installation, as the old version left it."""
    (tmp_path / "home").mkdir()
    connection = sqlite3.connect(tmp_path / "home" / "xfer.db")
    connection.executescript(DUMP.read_text("utf-8"))
    return connection


def opened(old: sqlite3.Connection) -> Store:
    (file,) = [row[2] for row in old.execute("PRAGMA database_list")]
    return Store(f"sqlite:///{file}")


def test_every_run_is_there_with_its_spec_result_and_curves(old):
    columns = "id, name, batch, digest, status, created"
    before = {row[0]: row for row in old.execute(f"SELECT {columns} FROM runs")}
    points = dict(old.execute("SELECT run, count(*) FROM scalars GROUP BY run"))
    store = opened(old)
    runs = store.find()
    assert {run.id: (run.id, run.name, run.experiment, run.digest, run.status, run.created) for run in runs} == before
    for run in runs:
        assert run.typed_spec.digest() == run.digest
        heard = store.updates_since(run.id)
        assert len(heard.points) == points.get(run.id, 0)
        assert run.status == QUEUED or (heard.events and run.target_metric["value"] > 0)


def test_its_experiments_are_rows_that_ask_for_the_very_same_runs(old):
    store = opened(old)
    rows = store.experiments()
    assert {row.id: row.preset for row in rows.values()} == PRESETS
    assert [row.name for row in rows.values() if row.name] == ["Lecture 3"]
    for row in rows.values():
        conditions = tuple(Condition(one["title"], tuple(one["settings"])) for one in row.conditions)
        asked = Experiment(row.preset, RunSpec.model_validate(row.base), conditions, tuple(row.budgets), (*row.seeds,))
        runs = store.find(experiment=row.id)
        gone = {spec.digest() for spec, _ in missing_specs(runs)}
        assert {spec.digest() for spec, _ in asked.specs()} == {run.digest for run in runs} | gone
        assert {one.title for one in conditions} == {run.name for run in runs}
        assert row.created == min(run.created for run in runs)
    assert (rows["experiment-help-55556666"].budgets, rows["experiment-help-55556666"].seeds) == ([1, 5], [0, 1])
    assert len(rows["sweep-1-9999aaaa"].conditions) == 4


def test_a_migration_that_fails_changes_nothing(old):
    old.execute("UPDATE runs SET spec = '{' WHERE batch = 'race-33334444'")
    old.commit()
    with pytest.raises(ValueError, match=r"property name|JSON"):
        opened(old)
    assert old.execute("SELECT version_num FROM alembic_version").fetchall() == [("0004",)]
    assert old.execute("SELECT batch, name FROM experiments").fetchall() == [("experiment-help-55556666", "Lecture 3")]
    assert not old.in_transaction


def test_a_worker_of_the_old_version_goes_on(old):
    store = opened(old)
    with store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE runs SET heartbeat = 1 WHERE batch = 'race-33334444'"))
    assert {run.heartbeat for run in store.find(experiment="race-33334444")} == {1}


def test_old_links_open(old):
    opened(old)
    for experiment, title in (("experiment-help-55556666", "### Lecture 3"), ("sweep-1-9999aaaa", "### How does λ")):
        page = app("compare", experiment=experiment)
        assert not page.exception
        assert title in text_of(page)
        assert len(page.get("plotly_chart")) == 1
    page = app(race="race-33334444")
    assert not page.exception
    assert "on the same 314 photographed digits" in text_of(page)
    assert {run.status for run in opened(old).find(experiment="race-33334444")} == {FINISHED}
