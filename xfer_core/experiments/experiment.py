"""An experiment: several methods, each with several label budgets and several seeds, on one problem.

It lives in the run store as the runs of one batch: what was asked, what is missing and what came of it are all read
from their specs, so a restarted server, a second viewer and a run that died need no special case.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xfer_core.errors import XferError
from xfer_core.runs.spec import RunSpec, canonical, parse_spec
from xfer_core.runs.store import FINISHED, LIVE, RESUMABLE, Run, Store

PREFIX = "experiment-"
OLD_SWEEP = "sweep-"  # begins the batch of a λ sweep of the time when those were no experiments
MAX_RUNS = 600  # runs at a time
Budget = Any  # labels a class: a whole number, or "all"


@dataclass(frozen=True)
class Condition:
    """One of the things that an experiment compares.

    Attributes:
        title: what a reader calls it, with ``{names}`` for ``params``, so that a page can translate it.
        settings: what it changes in the experiment's spec, as ``PATH=VALUE``.
        params: the words that the title leaves open.
    """

    title: str
    settings: tuple[str, ...]
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiment:
    """Arms × label budgets × seeds.

    Attributes:
        question: a key of ``QUESTIONS``: what is asked, and so which picture answers.
        base: the spec that each arm changes.
        arms: what is compared.
        budgets: labels a class in the target.
        seeds: each is a deal of the data, initial weights and batches of its own, shared by all arms.
    """

    preset: str
    base: RunSpec
    conditions: tuple[Condition, ...]
    budgets: tuple[Budget, ...]
    seeds: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.conditions) * len(self.budgets) * len(self.seeds)

    def specs(self) -> list[tuple[RunSpec, Condition]]:
        """Every run with its arm, seed by seed: after the first seed every picture has something to show.

        Raises:
            XferError: ``empty_experiment`` or ``too_many_runs`` with the nearest size that works; or what
                ``parse_spec`` raises.
        """
        for name in ("conditions", "budgets", "seeds"):
            if not getattr(self, name):
                raise XferError("empty_experiment", f"experiment.{name}", None)
        if len(self) > MAX_RUNS:
            a_seed = len(self) // len(self.seeds)
            fitting = MAX_RUNS // a_seed
            raise XferError("too_many_runs", "experiment.seeds", len(self), limit=MAX_RUNS, fitting=max(fitting, 1))
        base = self.base.model_dump(mode="json")
        made = [
            (parse_spec(base, [*arm.settings, f"problem.labels_per_class={canonical(budget)}"]), arm)
            for budget in self.budgets
            for arm in self.conditions
        ]
        return [(spec.model_copy(update={"seed": seed}), arm) for seed in self.seeds for spec, arm in made]


def new_batch(question: str) -> str:
    """The name under which an experiment's runs belong together; it says what was asked."""
    return f"{PREFIX}{question}-{secrets.token_hex(4)}"


def is_experiment(batch: str) -> bool:
    """Whether the runs of this batch are those of an experiment."""
    return batch.startswith((PREFIX, OLD_SWEEP))


def preset_of(batch: str) -> str:
    """The question of an experiment by its batch."""
    if batch.startswith(OLD_SWEEP):
        return "lambda"
    return batch.removeprefix(PREFIX).rpartition("-")[0]


def experiments(store: Store) -> dict[str, float]:
    """The batch of every experiment → the time of its first run; the newest first."""
    found = [*store.batches(PREFIX), *store.batches(OLD_SWEEP)]
    return dict(sorted(found, key=lambda one: -one[1]))


def without_seed(spec: Mapping[str, Any]) -> str:
    """The same for two specs that differ only in their seeds."""
    return canonical({name: value for name, value in spec.items() if name != "seed"})


def finished_unique(runs: Iterable[Run]) -> list[Run]:
    """The finished runs, each spec once: what was stopped, or trained twice, does not count."""
    found: dict[str, Run] = {}
    for run in sorted(runs, key=lambda run: run.created):
        if run.status == FINISHED:
            found.setdefault(run.digest, run)
    return list(found.values())


def missing_specs(runs: Sequence[Run]) -> list[tuple[RunSpec, str]]:
    """What no run has done or will do by itself, of every method with every seed: specs with their names."""
    alive = {run.digest for run in runs if run.status in (*LIVE, *RESUMABLE, FINISHED)}
    seeds = sorted({run.spec["seed"] for run in runs})
    asked = [
        (RunSpec.model_validate({**cell.spec, "seed": seed}), cell.name)
        for seed in seeds
        for cell in one_run_per_condition(runs)
    ]
    return [(spec, name) for spec, name in asked if spec.digest() not in alive]


def one_run_per_condition(runs: Iterable[Run]) -> list[Run]:
    """One run for each arm and budget, in the order in which they were asked for."""
    first: dict[str, Run] = {}
    for run in sorted(runs, key=lambda run: run.created):
        first.setdefault(without_seed(run.spec), run)
    return list(first.values())


def add_seeds(runs: Sequence[Run], count: int) -> list[tuple[RunSpec, str]]:
    """The same experiment with ``count`` seeds more, starting after the highest: specs with their names.

    Raises:
        XferError: ``too_many_runs``.
    """
    first, ways = max(run.spec["seed"] for run in runs) + 1, one_run_per_condition(runs)
    if len(ways) * count > MAX_RUNS:
        fitting = max(1, MAX_RUNS // len(ways))
        raise XferError("too_many_runs", "experiment.seeds", len(ways) * count, limit=MAX_RUNS, fitting=fitting)
    return [
        (RunSpec.model_validate({**way.spec, "seed": seed}), way.name)
        for seed in range(first, first + count)
        for way in ways
    ]


def pause(store: Store, runs: Iterable[Run]) -> None:
    """Pause what runs or waits; each goes on later as if nothing had been."""
    _order(store, "pause", (run for run in runs if run.status in LIVE))


def resume(store: Store, batch: str) -> int:
    """Resume what was paused, interrupted or failed, and queue anew what was stopped; how many runs that is."""
    runs = store.find(batch=batch)
    resumable = [run for run in runs if run.status in RESUMABLE]
    _order(store, "resume", resumable)
    again = missing_specs(runs)
    if again:
        store.create_many(again, batch)
    return len(resumable) + len(again)


def _order(store: Store, kind: str, runs: Iterable[Run]) -> None:
    for run in runs:
        try:
            store.command(run.id, kind)
        except XferError as error:  # it ended, or somebody else was quicker
            if error.code not in ("not_in_status", "unknown_run"):
                raise
