"""An experiment: several methods, each with several label budgets and several seeds, on one problem.

It is stored in the run store as the runs of one batch: its conditions, missing runs and results are all read from
their specs, so a restarted server, a second viewer and a run that died need no special case.
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
OLD_SWEEP = "sweep-"  # prefix of the batches of old λ sweeps, before they were experiments
MAX_RUNS = 600  # runs at a time
Budget = Any  # labels per class: a whole number, or "all"


@dataclass(frozen=True)
class Condition:
    """One condition of an experiment, such as a method.

    Attributes:
        title: for readers, with ``{names}`` for ``params``, so that a page can translate it.
        settings: its changes to the experiment's spec, as ``PATH=VALUE``.
        params: values for the ``{names}`` in the title.
    """

    title: str
    settings: tuple[str, ...]
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiment:
    """Conditions × label budgets × seeds.

    Attributes:
        preset: a key of ``PRESETS``; it decides which chart shows the result.
        base: the spec that each condition changes.
        conditions: what is compared.
        budgets: labels per class in the target.
        seeds: each gives its own split of the data, initial weights and batches, shared by all conditions.
    """

    preset: str
    base: RunSpec
    conditions: tuple[Condition, ...]
    budgets: tuple[Budget, ...]
    seeds: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.conditions) * len(self.budgets) * len(self.seeds)

    def specs(self) -> list[tuple[RunSpec, Condition]]:
        """Every run with its condition, seed by seed, so that every chart has data after the first seed.

        Raises:
            XferError: ``empty_experiment`` or ``too_many_runs`` with the nearest size that works; or what
                ``parse_spec`` raises.
        """
        for name in ("conditions", "budgets", "seeds"):
            if not getattr(self, name):
                raise XferError("empty_experiment", f"experiment.{name}", None)
        if len(self) > MAX_RUNS:
            per_seed = len(self) // len(self.seeds)
            fitting = MAX_RUNS // per_seed
            raise XferError("too_many_runs", "experiment.seeds", len(self), limit=MAX_RUNS, fitting=max(fitting, 1))
        base = self.base.model_dump(mode="json")
        made = [
            (parse_spec(base, [*condition.settings, f"problem.labels_per_class={canonical(budget)}"]), condition)
            for budget in self.budgets
            for condition in self.conditions
        ]
        return [(spec.model_copy(update={"seed": seed}), condition) for seed in self.seeds for spec, condition in made]


def new_batch(question: str) -> str:
    """A new batch name for an experiment's runs; it contains the preset."""
    return f"{PREFIX}{question}-{secrets.token_hex(4)}"


def is_experiment(batch: str) -> bool:
    """Whether the runs of this batch are those of an experiment."""
    return batch.startswith((PREFIX, OLD_SWEEP))


def preset_of(batch: str) -> str:
    """The preset of an experiment by its batch."""
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
    """The finished runs, each spec once: stopped and repeated runs do not count."""
    found: dict[str, Run] = {}
    for run in sorted(runs, key=lambda run: run.created):
        if run.status == FINISHED:
            found.setdefault(run.digest, run)
    return list(found.values())


def missing_specs(runs: Sequence[Run]) -> list[tuple[RunSpec, str]]:
    """Every condition and seed without a finished, active or resumable run: specs with their names."""
    alive = {run.digest for run in runs if run.status in (*LIVE, *RESUMABLE, FINISHED)}
    seeds = sorted({run.spec["seed"] for run in runs})
    specs = [
        (RunSpec.model_validate({**run.spec, "seed": seed}), run.name)
        for seed in seeds
        for run in one_run_per_condition(runs)
    ]
    return [(spec, name) for spec, name in specs if spec.digest() not in alive]


def one_run_per_condition(runs: Iterable[Run]) -> list[Run]:
    """One run for each condition and budget, in the order of creation."""
    first: dict[str, Run] = {}
    for run in sorted(runs, key=lambda run: run.created):
        first.setdefault(without_seed(run.spec), run)
    return list(first.values())


def add_seeds(runs: Sequence[Run], count: int) -> list[tuple[RunSpec, str]]:
    """The same experiment with ``count`` more seeds, starting after the highest: specs with their names.

    Raises:
        XferError: ``too_many_runs``.
    """
    first, unique = max(run.spec["seed"] for run in runs) + 1, one_run_per_condition(runs)
    if len(unique) * count > MAX_RUNS:
        fitting = max(1, MAX_RUNS // len(unique))
        raise XferError("too_many_runs", "experiment.seeds", len(unique) * count, limit=MAX_RUNS, fitting=fitting)
    return [
        (RunSpec.model_validate({**run.spec, "seed": seed}), run.name)
        for seed in range(first, first + count)
        for run in unique
    ]


def pause(store: Store, runs: Iterable[Run]) -> None:
    """Pause running and queued runs; each can be resumed bit-identically."""
    _order(store, "pause", (run for run in runs if run.status in LIVE))


def resume(store: Store, batch: str) -> int:
    """Resume paused, interrupted and failed runs, and queue stopped ones again; the number of these runs."""
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
        except XferError as error:  # it ended, or another process was faster
            if error.code not in ("not_in_status", "unknown_run"):
                raise
