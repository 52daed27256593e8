"""What is measured of a run, and how its values are written: accuracy, AUC, or the mean error of a regression."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from xfer_core.analysis.accuracy import MeanStd, format_mean_std, unit_word, with_unit
from xfer_core.domains import unit_of
from xfer_core.names import MetricName, is_auc, is_error
from xfer_core.problems.problem import Problem

Translate = Callable[[str], str]


@dataclass(frozen=True)
class Measure:
    """A measure of a task. Accuracies are shown in per cent with one digit, AUCs as they are with three, errors in
    their unit with one digit and their differences with two.

    Attributes:
        kind: what is measured.
        unit: of an error; empty if it has none.
    """

    kind: Literal["accuracy", "auc", "error"]
    unit: str = ""

    @property
    def is_error(self) -> bool:
        """Whether less is better."""
        return self.kind == "error"

    @property
    def is_auc(self) -> bool:
        """Whether it is the area under the ROC curve."""
        return self.kind == "auc"

    @property
    def scale(self) -> int:
        """By which values are multiplied to be shown."""
        return 100 if self.kind == "accuracy" else 1

    @property
    def tick_format(self) -> str:
        """Of the ticks of an axis, in d3's notation."""
        return {"accuracy": ".0%", "auc": ".2f", "error": ""}[self.kind]

    @property
    def column_format(self) -> str | None:
        """Of a table's column of numbers; None for as many digits as there are."""
        return {"accuracy": "percent", "auc": "%.3f", "error": None}[self.kind]

    def text(self, value: float) -> str:
        """One value with its unit: ``73.1 %``, ``0.874``, ``4.2°``; ``failed`` if it is not finite, because the network
        broke."""
        return self._with_unit(f"{self.scale * value:.{self._digits}f}") if math.isfinite(value) else "failed"

    def mean_text(self, over: MeanStd, with_unit: bool = True) -> str:
        """Mean ± standard deviation: ``77.4 ± 1.2 %``, ``AUC 0.874 ± 0.012``, ``4.2 ± 0.3°``; without what
        a column's heading says if not ``with_unit``."""
        if not math.isfinite(over.mean):
            return "–"
        text = format_mean_std(over, self.scale, digits=self._digits)
        if self.is_auc:
            return f"AUC {text}" if with_unit else text
        return self._with_unit(text) if with_unit or self.is_error else text

    def difference(self, value: float) -> str:
        """With its sign and without unit: ``+2.1``, ``−0.012``, ``+0.31``."""
        if not math.isfinite(value):
            return "–"
        digits = 2 if self.is_error else self._digits
        return f"{self.scale * value:+.{digits}f}".replace("-", "−")

    def points(self, value: float) -> str:
        """A difference with its sign, with the unit of an error: ``+2.1``, ``−0.012``, ``+0.31°``."""
        return with_unit(self.difference(value), self.unit)

    def amount(self, value: float, _: Translate = str) -> str:
        """The size of a difference: ``2.1 points``, ``0.012 in AUC``, ``0.31°``."""
        points = self.points(abs(value)).removeprefix("+")
        if self.is_error:
            return points
        return (_("{points} in AUC") if self.is_auc else _("{points} points")).format(points=points)

    def heading(self, _: Translate = str) -> str:
        """Heads a column of values."""
        if self.is_auc:
            return "AUC"
        if self.kind == "accuracy":
            return _("Accuracy, %")
        return _("Error, {unit}").format(unit=_(unit_word(self.unit))) if self.unit else _("Error")

    @property
    def on_target(self) -> str:
        """What is measured, with its unit, in English: ``accuracy on the target, %``."""
        if self.is_error:
            return "mean error on the target" + (f", {unit_word(self.unit)}" if self.unit else "")
        return "AUC on the target" if self.is_auc else "accuracy on the target, %"

    @property
    def _digits(self) -> int:
        return 3 if self.is_auc else 1

    def _with_unit(self, number: str) -> str:
        return with_unit(number, "%" if self.kind == "accuracy" else self.unit)


ACCURACY, AUC = Measure("accuracy"), Measure("auc")


def task_measure(problem: Problem, task: str, auc: bool = False) -> Measure:
    """The measure of a task of a problem; ``auc``: AUC in place of accuracy where it has two classes."""
    if task in problem.regressions():
        return Measure("error", problem.unit(task))
    return AUC if auc and task in problem.two_class_tasks() else ACCURACY


def metric_text(name: str, value: float) -> str:
    """The value of the scalar of this name for readers, as :meth:`Measure.text`."""
    if not is_error(name):
        return (AUC if is_auc(name) else ACCURACY).text(value)
    metric = MetricName.parse(name)
    return Measure("error", unit_of(metric.domain, metric.task)).text(value)
