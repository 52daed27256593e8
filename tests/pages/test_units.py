"""The unit of a regression is what its domains declare: on pages, in charts, sentences, tables and files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from pages.widgets.chart_runs import chart_run, panel_charts
from tests.support.pages import app, text_of
from tests.support.runs import trained_run
from xfer_core.analysis.measure import metric_text
from xfer_core.domains import Card, Domain, Task, registry
from xfer_core.errors import XferError
from xfer_core.experiments.experiment import Experiment
from xfer_core.experiments.presets import strategy_conditions
from xfer_core.exports import export_run
from xfer_core.exports.data import arrays_of, load_data
from xfer_core.exports.experiments import FORMATS
from xfer_core.exports.experiments.results import gather_results
from xfer_core.exports.outputs import metadata
from xfer_core.modalities import Column, TableInput
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.store import FINISHED, open_store

METHODS = strategy_conditions(["target_only", "joint"])
PLANE = TableInput((Column("x"), Column("y")))
CHANGES = (
    'problem.source=["people.here"]',
    'problem.target=["people.there"]',
    'problem.tasks=["age"]',
    "strategy.kind=joint",
)


def save(key: str, unit: str = "years") -> None:
    """Eighty rows with an age, as an own domain."""
    rows = torch.randn(80, 2, generator=torch.Generator().manual_seed(len(key)))
    owner = registry().own
    assert owner
    card = Card(key, "Made-up people.", "me", "CC0 1.0", "typed")
    tasks = {"age": Task("age", rows[:, 0] * 9 + 40, unit=unit)}
    owner.save(Domain(key, card, key, rows, torch.arange(80), tasks), PLANE)


@pytest.fixture(autouse=True)
def _people() -> None:
    save("people.here")
    save("people.there")


def shown(test: AppTest) -> str:
    """Every text, chart and table of a page."""
    tables = [str(table.value.to_dict()) for table in test.dataframe]
    return "\n".join([text_of(test), *(chart.proto.spec for chart in test.get("plotly_chart")), *tables])


def test_a_run_in_years_says_years_and_never_degrees(tmp_path: Path):
    store = open_store()
    run = trained_run(store, *CHANGES)
    assert run.target_metric
    value = metric_text(run.target_metric["name"], run.target_metric["value"])
    assert value.endswith(" years")
    live = app("run", run=run.id)
    charts = panel_charts(chart_run(run))
    assert charts[0].y_title == "mean error, in years"
    inspect = app("run", run=run.id, view="inspect")
    said = text_of(live)
    assert f"{value}** off on average" in said
    assert f"{value} off (mean absolute error)" in shown(inspect)
    files = {path.name: path.read_bytes().decode(errors="ignore") for path in export_run(store, run.id, tmp_path).files}
    assert value in files["report.html"]
    assert "mean error in years" in files["report.html"]
    assert "Output of age: one number, in years." in files["report.html"]
    assert json.loads(metadata(run)["outputs"]) == {"age": {"unit": "years"}}
    spec = run.typed_spec
    assert str(arrays_of(load_data(spec.problem, spec.seed), spec)["unit/age"]) == "years"
    for text in (shown(live), shown(inspect), *files.values()):
        assert "\N{DEGREE SIGN}" not in text
        assert "degrees" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL), "but for the code of Plotly"


def test_an_experiment_in_years_says_years_and_never_degrees():
    store = open_store()
    asked = Experiment("help", parse_spec({}, CHANGES), METHODS, (5,), (0, 1))
    experiment = asked.begin(store)
    for run in store.find(experiment=experiment):
        spec = run.typed_spec
        name = spec.target_metric()
        value = 4.0 + spec.seed + (2 if spec.strategy.kind == "target_only" else 0)
        metric = {"name": name, "value": value}
        store.update(
            run.id, status=FINISHED, result={"metrics": {name: value}, "seconds": 1.0, "target_metric": metric}
        )
    page = shown(app("compare", experiment=experiment))
    assert "6.5 ± 0.7 years" in page
    assert "Error, years" in page
    assert "mean error, years" in page
    found = gather_results(store, experiment)
    files = {form.file: form.content(found).decode(errors="ignore") for form in FORMATS}
    assert "mean error on the target, years" in files["figure.svg"]
    assert "6.5 ± 0.7 years" in files["report.html"]
    for text in (page, *files.values()):
        assert "\N{DEGREE SIGN}" not in text
        assert "degrees" not in text


def test_domains_with_different_units_do_not_go_together():
    save("people.weighed", "kg")
    with pytest.raises(XferError) as caught:
        Problem(source=("people.here",), target=("people.weighed",), tasks=("age",)).check_names()
    words = "must have the same unit in every domain, not years in people.here and kg in people.weighed; found age."
    assert str(caught.value) == f"problem.tasks {words}"


def test_without_a_unit_there_is_none_and_a_domain_that_is_gone_has_none():
    save("people.plain", "")
    assert metric_text("error/people.plain/age/test", 4.25) == "4.2"
    assert metric_text("error/people.gone/age/test", 4.25) == "4.2"
    assert Problem(source=(), target=("people.gone",), tasks=("age",)).unit("age") == ""
