"""Values of accuracies, AUCs and errors are written with their own scale, digits and unit."""

from __future__ import annotations

import math

import pytest
from plotly.graph_objects import Figure

from xfer_core.analysis.accuracy import mean_std
from xfer_core.analysis.measure import ACCURACY, AUC, Measure, metric_text, task_measure
from xfer_core.charts.axes import measure_axis
from xfer_core.problems.problem import Problem

DEGREES, NUMBER = Measure("error", "°"), Measure("error")


@pytest.mark.parametrize(
    ("measure", "value", "mean", "bare", "difference", "amount", "heading"),
    [
        (ACCURACY, "50.0 %", "50.0 ± 35.4 %", "50.0 ± 35.4", "−25.0", "25.0 points", "Accuracy, %"),
        (AUC, "0.500", "AUC 0.500 ± 0.354", "0.500 ± 0.354", "−0.250", "0.250 in AUC", "AUC"),
        (DEGREES, "0.5°", "0.5 ± 0.4°", "0.5 ± 0.4°", "−0.25", "0.25°", "Error, degrees"),
        (NUMBER, "0.5", "0.5 ± 0.4", "0.5 ± 0.4", "−0.25", "0.25", "Error"),
    ],
)
def test_texts(measure: Measure, value: str, mean: str, bare: str, difference: str, amount: str, heading: str):
    over = mean_std([0.25, 0.75])
    assert measure.text(0.5) == value
    assert measure.mean_text(over) == mean
    assert measure.mean_text(over, with_unit=False) == bare
    assert measure.difference(-0.25) == difference
    assert measure.amount(-0.25) == amount
    assert measure.heading() == heading


def test_a_broken_network_has_no_number():
    for measure in (ACCURACY, AUC, DEGREES):
        assert measure.text(math.nan) == "failed"
        assert measure.mean_text(mean_std([math.nan])) == "–"
        assert measure.difference(math.inf) == "–"


def test_the_measure_of_a_task():
    digits = Problem(source=("digits.mnist",), target=("digits.usps",), tasks=("digit",))
    tumours = Problem(source=("clinical.breast_fine",), target=("clinical.breast_coarse",), tasks=("diagnosis",))
    assert task_measure(digits, "digit", auc=True) == ACCURACY, "ten classes"
    assert task_measure(tumours, "diagnosis", auc=True) == AUC
    assert task_measure(tumours, "diagnosis") == ACCURACY


def test_scalars_are_written_by_their_name():
    assert metric_text("auc/clinical.breast_coarse/test", 0.8744) == "0.874"
    assert metric_text("accuracy/digits.mnist/test", 0.731) == "73.1 %"


def test_an_axis_of_auc_has_no_per_cent():
    figure = Figure()
    measure_axis(figure.update_yaxes, AUC)
    assert (figure.layout.yaxis.tickformat, figure.layout.yaxis.range) == (".2f", (0, 1.02))
    measure_axis(figure.update_yaxes, DEGREES)
    assert figure.layout.yaxis.range is None
    measure_axis(figure.update_xaxes, ACCURACY, zoomed=True)
    assert (figure.layout.xaxis.tickformat, figure.layout.xaxis.range) == (".0%", None)
