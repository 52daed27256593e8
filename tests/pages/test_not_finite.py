"""Results that are no finite number, as rows of earlier versions hold them: JSON stays JSON, no page breaks, and the
run reads as failed."""

from __future__ import annotations

import json
import math
import sqlite3

import pytest
import sqlalchemy as sa

from pages.streaming.feed import _message
from tests.support.experiments import empty_experiment, finish_run, finish_runs, queue_experiment
from tests.support.pages import app, finished_run, text_of
from tests.support.training import SOURCE, TARGET
from xfer_core.analysis.measure import metric_text
from xfer_core.cli import main
from xfer_core.experiments.presets import RACERS
from xfer_core.exports import export_run, onnx
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import FINISHED, Store, open_store
from xfer_core.strict_json import to_json

VALUES = [math.nan, math.inf, -math.inf]
METRIC = f"accuracy/{TARGET}/digit/test"
KEPT = f"accuracy/{SOURCE}/digit/test"
each_value = pytest.mark.parametrize("value", VALUES, ids=str)
each_value_and_metric = pytest.mark.parametrize(
    ("value", "name"), [(math.nan, METRIC), (math.inf, KEPT), (-math.inf, METRIC)], ids=str
)


def strict(text: str):
    """What a reader of JSON makes of it that knows no NaN, as every reader but Python's."""

    def refuse(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def spoil(store: Store, run: str, name: str, value: float) -> None:
    """Write a result as earlier versions did: NaN and Infinity as bare words, which no other reader takes."""
    result = store.get(run).result
    result["metrics"][name] = value
    result["selection"] = {"last": {"step": 300, "value": value}, "oracle": {"step": 300, "value": 0.5}}
    if name == result["target_metric"]["name"]:
        result["target_metric"]["value"] = value
    with store.engine.begin() as connection:
        statement = sa.text("UPDATE runs SET result = :text WHERE id = :run")
        connection.execute(statement, {"text": json.dumps(result), "run": run})


def broken_run(value: float, name: str = METRIC, experiment: str = "", **changes: str) -> str:
    store = open_store()
    run = finished_run(store, parse_spec({}, [f"{path}={text}" for path, text in changes.items()]), 0.5, experiment)
    store.append(run, [(1, f"accuracy/{TARGET}/digit/validation", 0, 0.1), (2, "loss/total", 1, value)])
    spoil(store, run, name, value)
    return run


@each_value
def test_what_is_not_finite_becomes_null_wherever_it_lies(value):
    text = to_json({"a": [1, (value, 2.5)], "b": {"c": value}, "d": "nan", "e": True, "f": None}, indent=1)
    assert strict(text) == {"a": [1, [None, 2.5]], "b": {"c": None}, "d": "nan", "e": True, "f": None}


@each_value
def test_the_store_writes_json_and_reads_numbers(store, value):
    run = store.create(RunSpec())
    store.update(
        run, status=FINISHED, result={"metrics": {METRIC: value}, "target_metric": None}, progress={"lr": value}
    )
    with sqlite3.connect(store.engine.url.database) as connection:
        (text,) = connection.execute("SELECT result FROM runs").fetchone()
        assert strict(text)["metrics"] == {METRIC: None}
        assert connection.execute("SELECT json_valid(result) FROM runs").fetchone() == (1,)
    row = store.get(run)
    assert math.isnan(row.result["metrics"][METRIC])
    assert row.broke
    assert store.find()[0].broke


@each_value_and_metric
def test_every_command_prints_json(value, name, capsys):
    run = broken_run(value, name)
    for command in (["runs", "--json"], ["show", run, "--json"]):
        assert main(command) == 0
        strict(capsys.readouterr().out)
    for command in (["runs"], ["show", run]):
        assert main(command) == 0
        if name == METRIC or command[0] == "show":
            assert "failed" in capsys.readouterr().out
    store = open_store()
    strict(_message(run, store.get(run), store.updates_since(run), 0).data)


@each_value_and_metric
def test_every_export_is_written(value, name, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx, "find_spec", lambda name: None)
    run = broken_run(value, name)
    written = {path.name for path in export_run(open_store(), run, tmp_path).files}
    assert {"report.html", "recipe.json", "curves.csv", "script.py"} <= written
    strict((tmp_path / "recipe.json").read_text())
    report = (tmp_path / "report.html").read_text()
    assert "The network broke" in report
    for word in (">nan<", ">inf<", "nan %", "inf %", "NaN", "Infinity,"):
        assert word not in report.partition("<script")[0], word


@each_value_and_metric
def test_no_page_breaks(value, name):
    run = broken_run(value, name)
    for page, query in (("start", {}), ("train", {}), ("compare", {}), ("run", {"run": run})):
        test = app(page, **query)
        assert not test.exception, page
        assert not any(str(one) in text_of(test) for one in ("nan", "inf%", "inf °"))
    for view in ("inside", "try", "home"):
        assert not app("run", run=run, view=view).exception, view


def test_compare_says_which_run_of_an_experiment_broke():
    experiment, ids = queue_experiment(budgets=(5,), seeds=5)
    finish_runs(ids)
    spoil(open_store(), ids[7], METRIC, math.nan)
    broken = open_store().get(ids[7])
    for picture in ("final", "race", "cost"):
        page = app("compare", experiment=experiment)
        page.pills(key=f"experiment.picture.{experiment}").set_value(picture).run()
        assert not page.exception, picture
        said = next(error.value for error in page.error if "left out of the charts" in error.value)
        assert f"{broken.name} (seed {broken.spec['seed']})" in said


def test_an_experiment_of_broken_runs_alone_says_so():
    experiment, ids = queue_experiment(budgets=(5,), seeds=1)
    finish_runs(ids)
    for run in ids:
        spoil(open_store(), run, METRIC, math.inf)
    page = app("compare", experiment=experiment)
    assert not page.exception
    assert any("left out of the charts" in error.value for error in page.error)


def test_a_sweep_leaves_out_what_broke():
    experiment = empty_experiment("lambda")
    broken_run(-math.inf, experiment=experiment, **{"strategy.kind": "joint", "seed": "0"})
    whole = open_store().create(parse_spec({}, ["strategy.kind=joint", "seed=1"]), experiment=experiment)
    finish_run(open_store(), whole, 0.5)
    page = app("compare", experiment=experiment)
    assert not page.exception
    assert "nan" not in text_of(page)
    assert any("network broke" in error.value for error in page.error)


def test_a_race_with_a_broken_network_has_no_verdict():
    experiment = empty_experiment("race")
    for kind in RACERS:
        run = broken_run(math.nan, experiment=experiment, **{"strategy.kind": kind})
        assert open_store().get(run).broke
    page = app(race=experiment)
    assert not page.exception
    assert "There is no verdict" in text_of(page)


@each_value
def test_a_metric_that_is_no_number_reads_as_failed(value):
    assert metric_text(METRIC, value) == "failed"
    assert metric_text("error/x/tilt/test", value) == "failed"
