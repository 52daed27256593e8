"""AUC on the pages: a choice where the task has two classes, and none where a run of an earlier version lacks it."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pandas as pd
import pytest

from pages.compare.lambda_charts import LambdaPictures
from pages.widgets.chart_runs import overlay_charts, panel_charts, planned_run
from tests.support.pages import app, text_of
from tests.support.runs import trained_run
from xfer_core.experiments.experiment import Condition, Experiment
from xfer_core.exports import report
from xfer_core.exports.experiments import FORMATS, results
from xfer_core.exports.experiments.results import gather_results
from xfer_core.exports.experiments.runs_csv import content
from xfer_core.exports.experiments.summary import summary
from xfer_core.names import is_auc
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import FINISHED, open_store

TUMOURS = ('problem.source=["clinical.breast_fine"]', 'problem.target=["clinical.breast_coarse"]')
COARSE = "clinical.breast_coarse/diagnosis"
CHOICE = "measure.{}.choice"


def choice(page, where: str) -> Any:
    """The control that chooses the measure; None where there is none."""
    found = [one for one in page.button_group if one.key == CHOICE.format(where)]
    return found[0] if found else None


def without_auc(run: str) -> None:
    """As a run of the version before has it."""
    result = open_store().get(run).result
    assert result
    metrics = {name: value for name, value in result["metrics"].items() if not is_auc(name)}
    open_store().update(run, result={**result, "metrics": metrics})


def test_the_live_charts_show_auc_where_it_is_chosen():
    spec = parse_spec({}, TUMOURS)
    plain, chosen = panel_charts(planned_run(spec)), panel_charts(planned_run(spec), [planned_run(spec)], auc=True)
    assert [trace.scalar for trace in plain[0].traces][-1] == f"accuracy/{COARSE}/validation"
    assert {trace.scalar.split("/")[0] for trace in chosen[0].traces} == {"auc"}
    assert f"auc/{COARSE}/validation" in {trace.scalar for trace in chosen[0].traces}
    assert (plain[0].percent, chosen[0].percent) == (True, False)
    assert [chart.title for chart in plain[1:]] == [chart.title for chart in chosen[1:]]


def test_train_and_run_offer_the_choice_for_two_classes_only():
    assert choice(app("train"), "panel") is None, "ten digits"
    link: Any = {"problem.source": '["clinical.breast_fine"]', "problem.target": '["clinical.breast_coarse"]'}
    control = choice(app("train", **link), "panel")
    assert control is not None
    assert control.value == "Accuracy"
    run = trained_run(open_store(), *TUMOURS)
    assert run.result
    page = app("run", run=run.id)
    value = run.result["metrics"][f"auc/{COARSE}/test"]
    shown = [metric.value for metric in page.metric]
    assert f"{value:.3f}" not in shown
    choice(page, "panel").set_value("AUC").run()
    assert not page.exception
    assert f"{value:.3f}" in [metric.value for metric in page.metric]
    tests = page.dataframe[-1].value
    assert list(tests["measure"]) == ["accuracy", "AUC"] * 2
    without_auc(run.id)
    page = app("run", run=run.id)
    assert not page.exception
    assert choice(page, "panel") is None


def test_compared_runs_have_a_column_and_a_choice():
    runs = [trained_run(open_store(), *TUMOURS, f"seed={seed}") for seed in (0, 1)]

    def compared():
        page = app("compare", view="runs")
        for run in runs:
            page.checkbox(key=f"select.{run.id}").check().run()
        return page.button(key="compare").click().run()

    page = compared()
    assert not page.exception
    assert "AUC" in page.table[0].value.columns
    choice(page, "compare").set_value("AUC").run()
    assert not page.exception
    (chart,) = overlay_charts([open_store().get(run.id) for run in runs], auc=True)[1]
    assert {trace.scalar for trace in chart.traces} == {f"auc/{COARSE}/validation"}
    without_auc(runs[0].id)
    page = compared()
    assert not page.exception
    assert "–" in list(page.table[0].value["AUC"])
    assert choice(page, "compare") is None, "one of them has none"


@pytest.fixture
def experiment() -> str:
    """A finished experiment with made-up results: AUC says the reverse of accuracy."""
    asked = Experiment(
        "help",
        parse_spec({}, TUMOURS),
        tuple(Condition(kind, (f"strategy.kind={kind}",)) for kind in ("target_only", "fine_tune")),
        (5,),
        tuple(range(5)),
    )
    store = open_store()
    begun = asked.begin(store)
    for run in store.find(experiment=begun):
        spec: RunSpec = run.typed_spec
        better = spec.strategy.kind == "fine_tune"
        value, area = 0.5 + 0.2 * better + 0.01 * spec.seed, 0.9 - 0.1 * better + 0.01 * spec.seed
        metrics = {spec.target_metric(): value, spec.target_metric(auc=True): area}
        metric = {"name": spec.target_metric(), "value": value}
        result = {"metrics": metrics, "seconds": 1.0, "target_metric": metric}
        store.update(run.id, status=FINISHED, ended=1.0, result=result)
    return begun


def test_an_experiment_is_judged_by_either(experiment: str, monkeypatch):
    computed = Mock(wraps=results.run_records)
    monkeypatch.setattr(results, "run_records", computed)
    page = app("compare", view="experiments", experiment=experiment)
    assert not page.exception
    assert "beat **target_only** by 20.0" in text_of(page)
    computed.reset_mock()
    choice(page, "experiment").set_value("AUC").run()
    assert computed.call_count == 1, "the results are computed once per look"
    assert not page.exception
    assert "did worse than **target_only** by 0.100 in AUC" in text_of(page)
    assert any("AUC" in frame.value.columns for frame in page.dataframe)
    assert "label efficiency: AUC against labels per class" in text_of(page)


def test_without_an_auc_in_any_run_there_is_no_choice(experiment: str):
    for run in open_store().find(experiment=experiment):
        without_auc(run.id)
    page = app("compare", view="experiments", experiment=experiment)
    assert not page.exception
    assert choice(page, "experiment") is None


def test_files_follow_the_measure_of_the_page(experiment: str):
    shown = gather_results(open_store(), experiment, auc=True)
    files = {form.file: form.content(shown) for form in FORMATS}
    plain = {form.file: form.content(gather_results(open_store(), experiment)) for form in FORMATS}
    assert {name for name in files if files[name] == plain[name]} == {"runs.csv", "experiment.json"}
    for name in ("report.html", "table.md", "table.tex"):
        text = files[name].decode()
        assert "AUC" in text, name
        assert "AUC" not in plain[name].decode().split("The recipe")[0], name
        assert "0.820" in text, name
        assert "82.0" not in text, name
    assert "0.820" in files["report.html"].decode(), "one run"
    assert b"AUC on the target" in files["figure.svg"]


def test_the_picture_of_lambda_follows_the_measure():
    spec = parse_spec({}, (*TUMOURS, "strategy.kind=joint"))
    store = open_store()
    metrics = {spec.target_metric(): 0.5, spec.target_metric(auc=True): 0.75}
    run = store.create(spec)
    store.update(run, status=FINISHED, result={"metrics": metrics})
    for auc, word, value in ((False, "accuracy", 0.5), (True, "AUC", 0.75)):
        pictures = LambdaPictures([store.get(run)], dark=False, auc=auc)
        assert [point.measured[COARSE] for point in pictures.points] == [value]
        assert pictures.measures[COARSE].endswith(f": {word}")


def test_files_of_an_experiment_hold_it(experiment: str, tmp_path):
    store = open_store()
    (tmp_path / "runs.csv").write_bytes(content(gather_results(store, experiment)))
    table = pd.read_csv(tmp_path / "runs.csv")
    column = table[table["kind"] == "fine_tune"]["auc/clinical.breast_coarse"]
    assert list(column) == pytest.approx([0.8, 0.81, 0.82, 0.83, 0.84])
    stored = store.experiment(experiment)
    asked = Experiment(
        "help", parse_spec({}, TUMOURS), (Condition("fine_tune", ("strategy.kind=fine_tune",)),), (5,), tuple(range(5))
    )
    assert stored
    (row,) = summary(store, experiment, asked)["rows"]
    assert (row["auc"], row["mean"]) == (pytest.approx(0.82), pytest.approx(0.72))


def test_the_report_of_a_run_states_it(tmp_path):
    run = trained_run(open_store(), *TUMOURS)
    assert run.result
    (place,) = report.write(open_store(), run, tmp_path)
    text = place.read_text(encoding="utf-8")
    assert "How well does it rank the two classes" in text
    assert f"{run.result['metrics'][f'auc/{COARSE}/test']:.3f}" in text
