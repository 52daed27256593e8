"""The name of an experiment: it is kept beside its runs, and goes with the last of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from xfer_core.runs import store as store_module
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import FINISHED, Store

BATCH = "experiment-help-1"


def test_an_experiment_has_the_name_that_it_was_given_last(store):
    assert store.experiment_name(BATCH) == ""
    store.name_experiment(BATCH, "  Lecture 3 ")
    store.name_experiment(BATCH, "Lecture 4")
    assert store.experiment_names() == {BATCH: "Lecture 4"}
    store.name_experiment(BATCH, "x" * 300)
    assert len(store.experiment_name(BATCH)) == 200
    store.name_experiment(BATCH, " ")
    assert store.experiment_names() == {}


def test_the_name_goes_with_the_last_run_and_no_sooner(store):
    runs = [store.create(RunSpec(seed=seed), batch=BATCH, status=FINISHED) for seed in (0, 1)]
    store.name_experiment(BATCH, "mine")
    store.delete(runs[:1])
    assert store.experiment_name(BATCH) == "mine"
    store.delete(runs[1:])
    assert store.experiment_name(BATCH) == ""


def test_a_store_of_the_second_revision_gets_room_for_names_and_keeps_its_runs(url, tmp_path):
    (tmp_path / "folder").mkdir()
    config = Config()
    config.set_main_option("script_location", str(store_module.Path(store_module.__file__).parent / "migrations"))
    with sa.create_engine(url).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        row = {"id": "old", "name": "mine", "batch": BATCH, "spec": "{}", "digest": "d", "status": "finished",
               "created": 1.0}  # fmt: skip
        columns = ", ".join(row)
        connection.execute(sa.text(f"INSERT INTO runs ({columns}) VALUES (:{', :'.join(row)})"), row)
    store = Store(url)
    store.name_experiment(BATCH, "Lecture 3")
    assert store.get("old").name == "mine"
    assert store.experiment_name(BATCH) == "Lecture 3"
