"""λ sweep: the same run at several values of one λ, and the methods that set λ automatically."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean

from xfer_core.names import TermName
from xfer_core.runs.spec import RunSpec, metric_name
from xfer_core.runs.store import Run
from xfer_core.strategies.base import Strategy, task_loss_terms

CLOSE = 1e-4  # shares that differ by less count as one value


@dataclass(frozen=True)
class SweepPoint:
    """One run, or the mean of several that differ only in their seed.

    Attributes:
        kind: of its strategy.
        value: the share of the swept λ in the sum of all λ; None if the method sets λ automatically.
        measured: ``domain/task`` → accuracy on the test samples as a fraction, AUC, or the mean error.
    """

    kind: str
    value: float | None
    measured: dict[str, float]


def can_sweep(form: type[Strategy]) -> bool:
    """Whether a λ sweep trains this method: joint learning with a λ that a person sets."""
    return form.family == "joint" and "weighs" in form.abilities


def swept_terms(specs: Sequence[RunSpec]) -> tuple[str, ...]:
    """The terms whose λ is swept over these specs.

    Args:
        specs: in the order of creation.

    Returns:
        All terms of the targets or one term alone, whose λ grows from spec to spec, while both these and the other
        terms keep their proportions. If none match, the terms of the targets; none without joint runs.
    """
    joint = [spec for spec in specs if can_sweep(type(spec.strategy))]
    if not joint:
        return ()
    problem, first = joint[0].problem, joint[0]
    joint = [
        spec for spec in joint if (spec.seed, spec.problem.labels_per_class) == (first.seed, problem.labels_per_class)
    ]
    terms = task_loss_terms(problem, "source", "target")
    of_targets = tuple(term for term in terms if TermName.parse(term).domain in problem.target)
    weights = [spec.strategy.lambdas(problem) for spec in joint]
    for candidate in (of_targets, *((term,) for term in terms)):
        others = tuple(term for term in terms if term not in candidate)
        values = [_share(one, candidate) for one in weights]
        grows = all(before <= after + CLOSE for before, after in pairwise(values))
        if grows and _keeps_proportions(weights, candidate) and _keeps_proportions(weights, others):
            return candidate
    return of_targets


def _share(weights: Mapping[str, float], terms: Sequence[str]) -> float:
    total = sum(weights.values())
    return sum(weights[term] for term in terms) / total if total else 0.0


def _keeps_proportions(weights: Sequence[Mapping[str, float]], terms: Sequence[str]) -> bool:
    parts = []
    for one in weights:
        total = sum(one[term] for term in terms)
        if total > 0:
            parts.append([one[term] / total for term in terms])
    return all(abs(x - y) < CLOSE for part in parts[1:] for x, y in zip(part, parts[0], strict=True))


def sweep_points(runs: Sequence[Run], terms: Sequence[str], auc: bool = False) -> list[SweepPoint]:
    """One point for each finished run of joint learning or of a method that sets λ automatically.

    Args:
        runs: of one experiment.
        terms: whose λ is swept.
        auc: the AUCs of tasks with two classes, in place of their accuracies.
    """
    points = []
    for run in runs:
        spec, metrics = run.typed_spec, (run.result or {}).get("metrics", {})
        if spec.strategy.family != "joint":
            continue
        value = None
        if not type(spec.strategy).sets_loss_weights():
            value = _share(spec.strategy.lambdas(spec.problem), terms)
        points.append(SweepPoint(spec.strategy.kind, value, _measured(spec, metrics, auc)))
    return points


def _measured(spec: RunSpec, metrics: Mapping[str, float], auc: bool) -> dict[str, float]:
    """The test metrics by ``domain/task``, without non-finite values of a broken network."""
    problem = spec.problem
    names = {
        f"{key}/{task}": metric_name(problem, key, task, "test", auc)
        for key in problem.roles()
        for task in problem.tasks
    }
    return {key: metrics[name] for key, name in names.items() if math.isfinite(metrics.get(name, math.nan))}


def averaged(points: Sequence[SweepPoint]) -> list[SweepPoint]:
    """Means over seeds: one point for each value of λ, in order, then one for each method that sets λ automatically."""
    groups: dict[tuple[str, float | None], list[SweepPoint]] = {}
    for point in points:
        value = None if point.value is None else round(point.value, 4)
        groups.setdefault((point.kind, value), []).append(point)
    means = []
    for (kind, value), own in groups.items():
        names = dict.fromkeys(name for point in own for name in point.measured)
        over = {name: [point.measured[name] for point in own if name in point.measured] for name in names}
        means.append(SweepPoint(kind, value, {name: mean(found) for name, found in over.items()}))
    return sorted(means, key=lambda point: (point.value is None, point.value or 0.0))
