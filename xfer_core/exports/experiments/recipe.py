"""Exports and reads the recipe of an experiment as JSON: the same runs can be queued again from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xfer_core.errors import XferError
from xfer_core.experiments.experiment import MAX_RUNS, one_run_per_condition
from xfer_core.experiments.presets import ALL_PRESETS
from xfer_core.exports.experiments.results import ExperimentResults
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.runs.store import NAME_LENGTH
from xfer_core.strict_json import to_json

FILE = "experiment.json"


def content(found: ExperimentResults) -> bytes:
    """``{"experiment": preset, "name": …, "seeds": […], "runs": [{"name": …, "spec": {…}}, …]}``, where each spec is
    trained with every seed."""
    made = [
        {"name": run.name, "spec": {name: value for name, value in run.spec.items() if name != "seed"}}
        for run in one_run_per_condition(found.runs)
    ]
    recipe = {
        "experiment": found.experiment.preset,
        "name": found.title,
        "seeds": sorted({run.spec["seed"] for run in found.runs}),
        "runs": made,
    }
    return (to_json(recipe, indent=2, ensure_ascii=False) + "\n").encode()


def is_experiment(data: Any) -> bool:
    """Whether this JSON is the recipe of an experiment rather than of a run."""
    return isinstance(data, Mapping) and "experiment" in data


def read_recipe(data: Any) -> tuple[str, str, list[tuple[RunSpec, str]]]:
    """The preset, the name, and every run of the experiment as (spec, name), seed by seed.

    Args:
        data: JSON, as written by :func:`content`.

    Raises:
        XferError: ``bad_experiment``, ``unknown_choice``, ``too_many_runs``, or the errors of ``parse_spec`` for one of
            its specs.
    """
    if not is_experiment(data):
        raise XferError("bad_experiment", "recipe", data)
    preset, runs, seeds = data["experiment"], data.get("runs"), data.get("seeds")
    if preset not in ALL_PRESETS:
        raise XferError("unknown_choice", "experiment", preset, allowed=", ".join(ALL_PRESETS))
    if not (isinstance(seeds, list) and seeds):
        raise XferError("bad_experiment", "seeds", seeds)
    if not (isinstance(runs, list) and runs and all(_has_spec(run) for run in runs)):
        raise XferError("bad_experiment", "runs", runs)
    if len(runs) * len(seeds) > MAX_RUNS:
        fitting = max(1, MAX_RUNS // len(runs))
        raise XferError("too_many_runs", "experiment.seeds", len(runs) * len(seeds), limit=MAX_RUNS, fitting=fitting)
    made = [
        (parse_spec({**run["spec"], "seed": seed}), str(run.get("name") or "")[:NAME_LENGTH])
        for seed in seeds
        for run in runs
    ]
    for spec, _name in made:
        spec.check()
    return preset, str(data.get("name") or "")[:NAME_LENGTH], made


def _has_spec(run: Any) -> bool:
    return isinstance(run, Mapping) and isinstance(run.get("spec"), Mapping)
