"""A database of an older version: it opens, and nothing of it is lost."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from xfer_core.experiments.experiment import Condition, Experiment, missing_specs
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import QUEUED, open_store

PRESETS = {
    "race-33334444": "race",
    "experiment-help-55556666": "help",
    "experiment-freeze-77778888": "freeze",
    "sweep-1-9999aaaa": "lambda",
    "train-11112222": "train",
}


def test_every_run_is_there_with_its_spec_result_and_curves(old_store):
    columns = "id, name, batch, digest, status, created"
    before = {row[0]: row for row in old_store.execute(f"SELECT {columns} FROM runs")}
    points = dict(old_store.execute("SELECT run, count(*) FROM scalars GROUP BY run"))
    store = open_store()
    runs = store.find()
    assert {run.id: (run.id, run.name, run.experiment, run.digest, run.status, run.created) for run in runs} == before
    for run in runs:
        assert run.typed_spec.digest() == run.digest
        heard = store.updates_since(run.id)
        assert len(heard.points) == points.get(run.id, 0)
        assert run.status == QUEUED or (heard.events and run.target_metric["value"] > 0)


def test_its_experiments_are_rows_that_ask_for_the_very_same_runs(old_store):
    store = open_store()
    rows = store.experiments()
    assert {row.id: row.preset for row in rows.values()} == PRESETS
    assert [row.name for row in rows.values() if row.name] == ["Lecture 3"]
    for row in rows.values():
        stored = store.asked(row.id)
        conditions = tuple(Condition(one["title"], tuple(one["settings"])) for one in stored["conditions"])
        base = RunSpec.model_validate(stored["base"])
        asked = Experiment(row.preset, base, conditions, tuple(row.budgets), tuple(row.seeds))
        runs = store.find(experiment=row.id)
        gone = {spec.digest() for spec, _ in missing_specs(runs)}
        assert {spec.digest() for spec, _ in asked.specs()} == {run.digest for run in runs} | gone
        assert {one.title for one in conditions} == {run.name for run in runs}
        assert row.created == min(run.created for run in runs)
    assert (rows["experiment-help-55556666"].budgets, rows["experiment-help-55556666"].seeds) == ([1, 5], [0, 1])
    assert len(store.asked("sweep-1-9999aaaa")["conditions"]) == 4


def test_a_migration_that_fails_changes_nothing(old_store):
    old_store.execute("UPDATE runs SET spec = '{' WHERE batch = 'race-33334444'")
    old_store.commit()
    with pytest.raises(ValueError, match=r"property name|JSON"):
        open_store()
    assert old_store.execute("SELECT version_num FROM alembic_version").fetchall() == [("0004",)]
    assert old_store.execute("SELECT batch, name FROM experiments").fetchall() == [
        ("experiment-help-55556666", "Lecture 3")
    ]
    assert not old_store.in_transaction


def test_a_worker_of_the_old_version_goes_on(old_store):
    store = open_store()
    with store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE runs SET heartbeat = 1 WHERE batch = 'race-33334444'"))
    assert {run.heartbeat for run in store.find(experiment="race-33334444")} == {1}
