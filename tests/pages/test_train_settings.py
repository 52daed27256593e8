"""Train: unseen domains, the rule of selection, tables of weights; and what a finished run says of them."""

from __future__ import annotations

import pytest

from pages.widgets.chart_runs import panel_charts, planned_run
from tests.support.pages import app, start_button, text_of
from xfer_core.analysis.selection import selection_outcomes
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import FINISHED, QUEUED, open_store
from xfer_core.strategies import STRATEGIES

TABLE = "domain,class,weight\ndigits.handwritten,7,3"


def queued(test) -> RunSpec:
    start_button(test).click().run()
    assert not test.exception
    kinds = {"source_only", "target_only"}
    (run,) = [run for run in open_store().find(statuses=(QUEUED,)) if run.spec["strategy"]["kind"] not in kinds]
    return run.typed_spec


def test_an_unseen_domain_can_be_chosen():
    test = app("train", strategy__kind="joint")
    box = next(box for box in test.multiselect if box.label.startswith("Unseen"))
    box.set_value(["digits.noisy"]).run()
    assert queued(test).problem.unseen == ("digits.noisy",)


def test_the_rule_is_a_visible_choice_and_the_oracle_is_marked():
    test = app("train")
    box = next(box for box in test.selectbox if box.label == "Model selection: which step counts")
    assert box.value == "last"
    box.set_value("oracle").run()
    assert "not a fair rule" in text_of(test)
    assert queued(test).training.selection == "oracle"


def test_a_rule_that_does_not_fit_is_refused_beside_it():
    test = app("train", training__selection="target_validation", problem__labels_per_class="0", strategy__kind="dann")
    assert [error.value for error in test.error] == [
        "Model selection needs target labels, and the label budget is 0; found Best on a few target labels. "
        "This works: set Model selection to Lowest entropy."
    ]
    assert start_button(test).disabled


def test_a_table_of_weights_is_typed_or_brought_and_goes_into_the_recipe():
    test = app("train", strategy__kind="generalised", strategy__scheme="table", strategy__table=TABLE)
    assert not test.exception
    assert not test.error, text_of(test)
    assert queued(test).strategy.table == TABLE


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("a,b,c\n1,2,3", "must be CSV with the header domain,sample,weight or domain,class,weight"),
        ("domain,class,weight\nmnist,7,3", "must name domains that this problem trains on"),
        ("domain,class,weight\ndigits.handwritten,7,nan", "must give every line a finite weight of at least 0"),
        ("domain,class,weight\ndigits.handwritten,7,-1", "must give every line a finite weight of at least 0"),
        ("domain,class,weight\ndigits.handwritten,7", "must have three cells in every line"),
        ("domain,class,weight\ndigits.handwritten,12,1", "must name a class that Handwritten digits has"),
        ("domain,sample,weight\ndigits.handwritten,99999,1", "must name a sample that Handwritten digits has"),
        (
            "domain,class,weight\n" + "\n".join(f"digits.handwritten,{digit},0" for digit in range(10)),
            "must leave at least one sample of this domain with a weight above 0; found Handwritten digits",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_one_sentence(table, said):
    spec = parse_spec({"strategy": {"kind": "generalised", "scheme": "table", "table": table}})
    test = app("train", strategy__kind="generalised", strategy__scheme="table", strategy__table=table)
    assert spec.strategy.kind == "generalised"
    assert not test.exception
    assert [said in error.value and error.value.startswith("Table of weights must") for error in test.error] == [
        True
    ], text_of(test)


def test_what_each_rule_would_have_chosen_is_shown_with_its_cost():
    spec, store = RunSpec(), open_store()
    name = spec.target_metric()
    selection = {"last": {"step": 300, "value": 0.7}, "entropy": {"step": 250, "value": 0.72},
                 "oracle": {"step": 120, "value": 0.75}}  # fmt: skip
    result = {"target_metric": {"name": name, "value": 0.7}, "metrics": {name: 0.7}, "seconds": 2.0,
              "samples_per_second": 900.0, "frozen_unchanged": None, "selection": selection}  # fmt: skip
    run = store.create(spec)
    store.update(run, status=FINISHED, result=result)
    test = app("run", run=run)
    assert not test.exception
    table = test.dataframe[0].value
    assert table["rule"].tolist() == ["→ Last step", "Lowest entropy", "Oracle (uses the true labels)"]
    assert table["step"].tolist() == [300, 250, 120]
    assert table["against the oracle"].tolist() == ["−5.0 points", "−3.0 points", ""]


def test_the_cost_of_a_rule_is_what_the_oracle_gains_over_it():
    rows = selection_outcomes({"last": {"step": 4, "value": -3.0}, "oracle": {"step": 2, "value": -2.5}})
    assert [row.cost for row in rows] == [0.5, None]
    assert selection_outcomes({"last": {"step": 4, "value": 0.5}})[0].cost is None


@pytest.mark.parametrize(
    "form", [form for form in STRATEGIES if form.logs_gradient_conflict], ids=lambda form: form.__name__
)
def test_the_matrix_has_a_cell_for_every_two_losses_and_lambda_a_curve_where_the_method_sets_it(form):
    problem = Problem(target=("digits.photo", "digits.noisy"), tasks=("digit", "tilt"))
    kind = form.kind_name()
    spec = parse_spec({"problem": problem.model_dump(mode="json"), "strategy": {"kind": kind}})
    charts = panel_charts(planned_run(spec))
    (matrix,) = [chart for chart in charts if chart.matrix]
    names = 6 if form.family == "joint" else 3
    assert len(matrix.matrix) == names
    assert len(matrix.traces) == names * (names - 1) / 2
    assert any(chart.title == "λ as the method sets it" for chart in charts) is form.sets_loss_weights()
