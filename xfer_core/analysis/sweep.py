"""A λ sweep: the same run at several values of one λ, and where the automatic balancers land among them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xfer_core.runs.spec import RunSpec, metric_name
from xfer_core.strategies import STRATEGIES
from xfer_core.strategies.base import task_terms

BALANCERS = tuple(
    form.model_fields["kind"].default for form in STRATEGIES if form.family == "joint" and form.balances()
)
LEAST, MOST = 2, 21  # values of λ


def sweep_specs(spec: RunSpec, term: str, values: Sequence[float], balancers: Iterable[str] = ()) -> list[RunSpec]:
    """Joint learning once for every value of λ, then once with each balancer; all else as in ``spec``.

    Args:
        spec: a joint run.
        term: whose λ runs over ``values``; the other terms share the rest, 1 − λ, as they do in ``spec``.
        values: each from 0 to 1.
        balancers: kinds; each starts from the same λ for all.
    """
    weights = {name: spec.strategy.lambdas(spec.problem)[name] for name in task_terms(spec.problem, "source", "target")}
    others = {name: weight for name, weight in weights.items() if name != term}
    total = sum(others.values())
    shares = {name: weight / total if total else 1 / len(others) for name, weight in others.items()}
    strategies: list[dict[str, Any]] = [
        {"kind": "joint", "weights": {term: value, **{name: (1 - value) * share for name, share in shares.items()}}}
        for value in values
    ]
    strategies += [{"kind": kind} for kind in balancers]
    return [RunSpec.model_validate({**spec.model_dump(mode="json"), "strategy": strategy}) for strategy in strategies]


@dataclass(frozen=True)
class SweepPoint:
    """One run of a sweep.

    Attributes:
        run: its id.
        kind: of its strategy.
        value: the share of the term's λ in all λ; None where a balancer sets them.
        measured: task → quality on the target's test samples: a fraction of right answers, or a mean error.
    """

    run: str
    kind: str
    value: float | None
    measured: dict[str, float]


def sweep_point(run: str, spec: RunSpec, term: str, metrics: Mapping[str, float]) -> SweepPoint:
    """What one run adds to the pictures; ``metrics`` as in a result, empty while it trains. What is no finite number,
    because the network broke, adds nothing."""
    problem, strategy = spec.problem, spec.strategy
    value = None
    if strategy.kind == "joint":
        weights = strategy.lambdas(problem)
        value = weights[term] / sum(weights.values())
    names = {
        (key, task): metric_name(problem, key, task, "test")
        for key in (term.partition("/")[0], problem.target[0])
        for task in problem.tasks
    }
    measured = {f"{key}/{task}": metrics[name] for (key, task), name in names.items() if _known(metrics, name)}
    return SweepPoint(run, strategy.kind, value, measured)


def _known(metrics: Mapping[str, float], name: str) -> bool:
    return name in metrics and math.isfinite(metrics[name])
