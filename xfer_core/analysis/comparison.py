"""Finished runs as records, one per run, for charts and intervals."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xfer_core.names import TermName
from xfer_core.problems.problem import Problem
from xfer_core.runs.spec import RunSpec, canonical, metric_name
from xfer_core.runs.store import Run
from xfer_core.strategies.base import ChoosesFrozen


@dataclass(frozen=True)
class RunRecord:
    """One finished run of a comparison.

    Attributes:
        run: its id.
        condition: the same text for runs that differ only in budget and seed.
        title: of the condition.
        kind: of its strategy.
        budget: labels per class in the target, or "all".
        seed: of its split, weights and batches.
        value: of the first task on the test samples of the first target: accuracy as a fraction, AUC, or a mean error.
        targets: target → the same for each.
        unseen: unseen domain → the same for each.
        source_accuracy: the same for the first source.
        problem: of its spec.
        seconds: of training.
        frozen: the frozen stages, as in the spec.
        share: of the targets' λ in the sum of all λ, if the strategy has λ of domains; else None.
    """

    run: str
    condition: str
    title: str
    kind: str
    budget: Any
    seed: int
    value: float
    targets: dict[str, float]
    unseen: dict[str, float]
    source_accuracy: float | None
    problem: Problem
    seconds: float
    frozen: tuple[str, ...]
    share: float | None

    @property
    def finite(self) -> bool:
        """Whether all values are finite: else the network broke, and no chart can show it."""
        measured = (self.value, *self.targets.values(), *self.unseen.values(), self.source_accuracy or 0.0)
        return all(map(math.isfinite, measured))


def condition_of(spec: Mapping[str, Any]) -> str:
    """A text that is the same for specs that differ only in seed and label budget."""
    problem = {name: value for name, value in spec["problem"].items() if name != "labels_per_class"}
    return canonical({**{name: value for name, value in spec.items() if name != "seed"}, "problem": problem})


def run_records(runs: Iterable[Run], auc: bool = False) -> list[RunRecord]:
    """One record for each run with a result, in the order of the runs. A condition has the name of most of its runs,
    so that one renamed run stays in it.

    Args:
        runs: of any status.
        auc: their AUCs, where the task has two classes; a run of an earlier version, which has none, is left out.
    """
    runs = [run for run in runs if run.result and run.result["metrics"]]
    if auc:
        runs = [run for run in runs if run.typed_spec.target_metric(auc=True) in (run.result or {})["metrics"]]
    conditions = {run.id: condition_of(run.spec) for run in runs}
    names: dict[str, Counter[str]] = {}
    for run in runs:
        names.setdefault(conditions[run.id], Counter())[run.name] += 1
    return [_record(run, conditions[run.id], names[conditions[run.id]].most_common(1)[0][0], auc) for run in runs]


def _record(run: Run, condition: str, title: str, auc: bool) -> RunRecord:
    spec = run.typed_spec
    problem, result = spec.problem, run.result or {}
    metrics, task = result["metrics"], problem.tasks[0]

    def on(keys: Iterable[str]) -> dict[str, float]:
        names = {key: metric_name(problem, key, task, "test", auc) for key in keys}
        return {key: metrics[name] for key, name in names.items() if name in metrics}

    targets = on(problem.target)
    return RunRecord(
        run=run.id,
        condition=condition,
        title=title,
        kind=spec.strategy.kind,
        budget=problem.labels_per_class,
        seed=spec.seed,
        value=targets[problem.target[0]],
        targets=targets,
        unseen=on(problem.unseen),
        source_accuracy=next(iter(on(problem.source).values()), None),
        problem=problem,
        seconds=result["seconds"],
        frozen=spec.strategy.frozen if isinstance(spec.strategy, ChoosesFrozen) else (),
        share=_share(spec),
    )


def _share(spec: RunSpec) -> float | None:
    lambdas = spec.strategy.lambdas(spec.problem)
    domains = {term: value for term, value in lambdas.items() if TermName.parse(term).domain in spec.problem.roles()}
    total = sum(domains.values())
    if spec.strategy.family not in ("joint", "generalised") or not total:
        return None
    return sum(value for term, value in domains.items() if TermName.parse(term).domain in spec.problem.target) / total


def by_condition(table: Sequence[RunRecord]) -> dict[str, list[RunRecord]]:
    """Condition → its records; the conditions in order of appearance."""
    found: dict[str, list[RunRecord]] = {}
    for row in table:
        found.setdefault(row.condition, []).append(row)
    return found


def budgets(table: Iterable[RunRecord]) -> list[Any]:
    """The budgets in use, the smallest first and "all" last."""
    return sorted({row.budget for row in table}, key=lambda budget: (budget == "all", budget if budget != "all" else 0))
