"""Results of an experiment, computed once for all its export formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from xfer_core.analysis.comparison import RunRecord, by_condition, condition_of, run_records
from xfer_core.analysis.findings import ConditionSummary, default_reference, summarize_conditions
from xfer_core.analysis.measure import Measure, Translate, task_measure
from xfer_core.analysis.sentences import Sentence, sentences, table_rows
from xfer_core.analysis.shift import ShiftSweep, find_shift, shift_sentences
from xfer_core.charts.palette import LineStyle, method_styles
from xfer_core.errors import XferError
from xfer_core.experiments.experiment import finished_unique, one_run_per_condition
from xfer_core.experiments.presets import ALL_PRESETS
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import Run, Store, StoredExperiment


@dataclass(frozen=True)
class ExperimentResults:
    """An experiment with its results.

    Attributes:
        experiment: what was asked.
        runs: all of them, by time; at least one.
        done: the finished ones.
        table: a record of each.
        reference: the condition that the others are compared with; empty while none has finished.
        auc: whether the records hold AUCs in place of accuracies.
    """

    experiment: StoredExperiment
    runs: Sequence[Run]
    done: Sequence[Run]
    table: Sequence[RunRecord]
    reference: str
    auc: bool = False

    @property
    def title(self) -> str:
        """Its name, or its preset's title."""
        stored = self.experiment
        return stored.name or (ALL_PRESETS[stored.preset].title if stored.preset in ALL_PRESETS else stored.id)

    @cached_property
    def spec(self) -> RunSpec:
        """Of its first run: what the runs share."""
        return self.runs[0].typed_spec

    @cached_property
    def specs(self) -> list[RunSpec]:
        """One for each arm and label budget."""
        return [run.typed_spec for run in one_run_per_condition(self.runs)]

    @cached_property
    def measure(self) -> Measure:
        """What is measured on the target."""
        problem = self.spec.problem
        return task_measure(problem, problem.tasks[0], self.auc)

    @cached_property
    def titles(self) -> dict[str, str]:
        """Condition → title."""
        return {condition: own[0].title for condition, own in by_condition(self.table).items()}

    @cached_property
    def looks(self) -> dict[str, LineStyle]:
        """Condition → colour and dash, as on the page."""
        return condition_styles(self.runs)

    @cached_property
    def found(self) -> list[ConditionSummary]:
        """Every condition at every budget against the reference; against its method at the same size of the shift, if
        that is what the conditions differ in."""
        references = {row.condition: self.reference for row in self.table}
        if shift := self.shift:
            references = {condition: shift.at(condition, self.reference) for condition in references}
        return summarize_conditions(self.table, references, higher_is_better=not self.measure.is_error)

    @cached_property
    def shift(self) -> ShiftSweep | None:
        """The sweep of a shift that the runs make."""
        return find_shift(self.table) if self.experiment.preset == "shift" and self.table else None

    @property
    def rows(self) -> list[dict[str, str]]:
        """The same as the rows of a table: column → text."""
        return table_rows(self.found, self.reference, self.titles, self.measure)

    @cached_property
    def said(self) -> list[Sentence]:
        """The results as sentences."""
        return self.sentences()

    def sentences(self, escape: Translate = str, _: Translate = str) -> list[Sentence]:
        """The results as sentences.

        Args:
            escape: of titles and the unit.
            _: translates one English text.
        """
        measure = replace(self.measure, unit=escape(self.measure.unit))
        if self.shift:
            methods = {line: escape(_(title)) for line, title in self.shift.methods.items()}
            return shift_sentences(self.table, self.shift, methods, measure, _)
        titles = {condition: escape(title) for condition, title in self.titles.items()}
        return sentences(self.table, self.found, self.reference, titles, measure, _)


def condition_styles(runs: Sequence[Run]) -> dict[str, LineStyle]:
    """The line styles of all conditions, with or without a result, so that none changes later.

    Args:
        runs: all of the experiment, by time.
    """
    kinds: dict[str, str] = {}
    for run in runs:
        kinds.setdefault(condition_of(run.spec), run.spec["strategy"]["kind"])
    return dict(zip(kinds, method_styles(list(kinds.values())), strict=True))


def results_so_far(
    stored: StoredExperiment, runs: Sequence[Run], reference: str = "", auc: bool = False
) -> ExperimentResults:
    """The results of these runs, at least one, compared with ``reference`` (a condition) or with the default one; their
    AUCs if asked for."""
    runs = sorted(runs, key=lambda run: run.created)
    done = finished_unique(runs)
    table = run_records(done, auc)
    if table and not any(row.condition == reference for row in table):
        reference = default_reference(table)
    return ExperimentResults(stored, runs, done, table, reference if table else "", auc)


def gather_results(store: Store, experiment: str, reference: str = "", auc: bool = False) -> ExperimentResults:
    """The results of an experiment, as :func:`results_so_far`.

    Raises:
        XferError: ``unknown_experiment``; ``no_results`` while none of its runs is finished, or none has an AUC if
            it is asked for.
    """
    stored = store.experiment(experiment)
    if stored is None:
        raise XferError("unknown_experiment", "experiment", experiment)
    found = results_so_far(stored, store.find(experiment=experiment), reference, auc)
    if not found.table:
        raise XferError("no_results", "experiment", experiment)
    return found
