"""An experiment: several methods, each with several label budgets and several seeds, on one problem.

What was asked is a row of the run store. What is missing and what came of it is read from the runs, whose specs keep
the defaults of their time, so a restarted server, a second viewer and a run that died need no special case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xfer_core.errors import XferError
from xfer_core.runs.spec import RunSpec, canonical, parse_spec
from xfer_core.runs.store import FINISHED, LIVE, QUEUED, RESUMABLE, Run, Store

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

    def text(self, translate: Callable[[str], str] = str) -> str:
        """The title with its values."""
        return translate(self.title).format(**self.params)


@dataclass(frozen=True)
class Experiment:
    """Conditions × label budgets × seeds.

    Attributes:
        preset: a key of ``ALL_PRESETS``; it decides which chart shows the result.
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

    def asked(self) -> dict[str, Any]:
        """The experiment as JSON, as the store keeps it."""
        return {
            "preset": self.preset,
            "base": self.base.model_dump(mode="json"),
            "conditions": [
                {"title": one.title, "settings": list(one.settings), "params": dict(one.params)}
                for one in self.conditions
            ],
            "budgets": list(self.budgets),
            "seeds": list(self.seeds),
        }

    def begin(self, store: Store, translate: Callable[[str], str] = str) -> str:
        """Store the experiment and queue its runs, named by their conditions. The experiment's id.

        Raises:
            XferError: as :meth:`specs`.
        """
        runs = [(spec, one.text(translate)) for spec, one in self.specs()]
        return store.create_experiment(self.asked(), runs)


def experiment_of(preset: str, runs: Sequence[tuple[RunSpec, str]]) -> Experiment:
    """The experiment that these runs make. Its base is the first spec; each condition sets its strategy, and all else
    that differs from the base.

    Args:
        preset: of the experiment.
        runs: specs with their names, at least one.
    """
    base, conditions = runs[0][0], {}
    for spec, name in runs:
        settings = tuple(_settings(spec.model_dump(mode="json"), base.model_dump(mode="json")))
        conditions.setdefault(settings, Condition(name or type(spec.strategy).title, settings))
    budgets = dict.fromkeys(spec.problem.labels_per_class for spec, _name in runs)
    seeds = sorted({spec.seed for spec, _name in runs})
    return Experiment(preset, base, tuple(conditions.values()), tuple(budgets), tuple(seeds))


def _settings(spec: Mapping[str, Any], base: Mapping[str, Any]) -> list[str]:
    """The strategy and all that differs from the base, except seed and label budget, as ``PATH=VALUE``."""
    settings = []
    for part, value in spec.items():
        if not isinstance(value, Mapping) or (part != "strategy" and value == base[part]):
            continue
        if "kind" in value:
            settings.append(f"{part}.kind={value['kind']}")
        for name, found in value.items():
            same = "kind" not in value and found == base[part].get(name)
            if name not in ("kind", "labels_per_class") and not same:
                settings.append(f"{part}.{name}={canonical(found)}")
    return settings


def begin_runs(
    store: Store, preset: str, runs: Sequence[tuple[RunSpec, str]], name: str = "", status: str = QUEUED
) -> str:
    """Store these runs as an experiment, such as one from a recipe, and queue them. The experiment's id.

    Args:
        store: where it is stored.
        preset: of the experiment.
        runs: specs with their names, at least one.
        name: of the experiment.
        status: of its runs.
    """
    return store.create_experiment(experiment_of(preset, runs).asked(), runs, name, status)


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


def begin_or_resume(store: Store, asked: Experiment) -> str:
    """Begin an experiment, or go on with the newest one that asks for the same, unless that is finished. Its id.

    Raises:
        XferError: as :meth:`Experiment.specs`.
    """
    wanted = {spec.digest(): (spec, condition.text()) for spec, condition in asked.specs()}
    row = asked.asked()
    alike = (one for one in store.experiments().values() if (one.preset, one.seeds) == (row["preset"], row["seeds"]))
    if newest := next((one for one in alike if store.asked(one.id) == row), None):
        runs = store.find(experiment=newest.id)
        still_so = {run.digest for run in runs} <= wanted.keys()  # else a default has changed since
        if still_so and len(finished_unique(runs)) < len(wanted):
            resume(store, newest.id)
            here = {run.digest for run in store.find(experiment=newest.id)}
            store.create_many([wanted[digest] for digest in wanted if digest not in here], newest.id)
            return newest.id
    return asked.begin(store)


def pause(store: Store, runs: Iterable[Run]) -> None:
    """Pause running and queued runs; each can be resumed bit-identically."""
    _order(store, "pause", (run for run in runs if run.status in LIVE))


def resume(store: Store, experiment: str) -> int:
    """Resume paused, interrupted and failed runs, and queue stopped ones again; the number of these runs."""
    runs = store.find(experiment=experiment)
    resumable = [run for run in runs if run.status in RESUMABLE]
    _order(store, "resume", resumable)
    again = missing_specs(runs)
    if again:
        store.create_many(again, experiment)
    return len(resumable) + len(again)


def _order(store: Store, kind: str, runs: Iterable[Run]) -> None:
    for run in runs:
        try:
            store.command(run.id, kind)
        except XferError as error:  # it ended, or another process was faster
            if error.code not in ("not_in_status", "unknown_run"):
                raise
