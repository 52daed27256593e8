"""Δ_m: what learning several tasks at once gains over learning each alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xfer_core.names import is_error
from xfer_core.runs.spec import RunSpec, metric_name

Measured = Mapping[str, Any]


def task_gain(metrics: Mapping[str, float], single: Mapping[str, Mapping[str, float]], spec: RunSpec) -> float:
    """Δ_m: the mean over tasks of the relative gain over a network that learned this task alone, a fraction.

    (1/T) Σ_t (−1)^{l_t} · (M_t − S_t) / S_t, with l_t = 1 where lower is better. Maninis et al. 2019,
    https://arxiv.org/abs/1904.08918.

    Args:
        metrics: test metrics of the network of all tasks.
        single: task → test metrics of the network that learned it alone.
        spec: of the network of all tasks; judged on its first target.
    """
    gains = []
    for task in spec.problem.tasks:
        name = metric_name(spec.problem, spec.problem.target[0], task, "test")
        own, alone = metrics[name], single[task][name]
        gains.append((own - alone) / alone * (-1 if is_error(name) else 1))
    return sum(gains) / len(gains)


def task_gains(
    problem: str, kind: str, specs: Mapping[str, RunSpec], measured: Mapping[str, Measured]
) -> dict[str, float]:
    """Seed → Δ_m of a recipe, for the seeds that the recipes of one task alone (``joint-<task>``) have too; empty where
    there are none."""
    spec = specs[f"{problem}.{kind}"]
    if len(spec.problem.tasks) < 2 or kind in (f"joint-{task}" for task in spec.problem.tasks):
        return {}
    alone = {task: measured.get(f"{problem}.joint-{task}", {"seeds": {}})["seeds"] for task in spec.problem.tasks}
    own = measured[f"{problem}.{kind}"]["seeds"]
    seeds = [seed for seed in own if all(seed in found for found in alone.values())]
    return {
        seed: task_gain(own[seed]["metrics"], {task: found[seed]["metrics"] for task, found in alone.items()}, spec)
        for seed in sorted(seeds, key=int)
    }
