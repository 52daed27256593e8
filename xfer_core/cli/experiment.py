"""Command ``experiment``: plan, run and report an experiment in the foreground."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xfer_core.cli.inputs import split_setting
from xfer_core.errors import XferError
from xfer_core.strict_json import to_json

if TYPE_CHECKING:
    from xfer_core.experiments.experiment import Experiment
    from xfer_core.runs.store import Run, Store

SECONDS = 1.0  # between two looks at the runs
REMEMBERED = 100  # finished runs from which the remaining time is estimated


def experiment(options: argparse.Namespace) -> int:
    """Queue the runs of a preset, wait for them, and print their table."""
    from xfer_core.experiments.experiment import begin_or_resume, pause
    from xfer_core.runs.store import open_store

    asked, store = _asked(options), open_store()
    begun = begin_or_resume(store, asked)
    try:
        _wait(store, begun)
    except KeyboardInterrupt:
        pause(store, store.find(experiment=begun))
        print(f"\npaused: {begun}. The same command goes on with it; the app shows it, too.", file=sys.stderr)
        return 130
    from xfer_core.exports.experiments.summary import summary

    found = summary(store, begun, asked)
    print(to_json(found) if options.json else _table(store, begun, found))
    return 1 if found["failures"] else 0


def _asked(options: argparse.Namespace) -> Experiment:
    """The experiment of these arguments, checked. The settings are those of a link to Compare.

    Raises:
        XferError: for the first argument that breaks a rule.
    """
    from dataclasses import replace

    from xfer_core.experiments.experiment import MAX_RUNS
    from xfer_core.experiments.plan_link import is_part_of_plan, read_budget, read_plan, read_seeds
    from xfer_core.experiments.presets import ALL_PRESETS

    if options.preset not in ALL_PRESETS:
        raise XferError("unknown_choice", "preset", options.preset, allowed=", ".join(ALL_PRESETS))
    given = {"question": options.preset}
    for path, value in map(split_setting, options.set):
        if path in ("question", "labels", "seeds") or not is_part_of_plan(path):
            allowed = "those of problem, network and training, KIND.FIELD of a method, methods, term"
            raise XferError("unknown_field", path, value, allowed=allowed)
        given[path] = value
    plan, refused = read_plan(given, ALL_PRESETS)
    if refused:
        raise refused[0][1]
    plan = replace(plan, seeds=read_seeds(options.seeds, MAX_RUNS))
    if options.budgets is not None:
        texts = filter(None, (text.strip() for text in options.budgets.split(",")))
        plan = replace(plan, budgets=tuple(dict.fromkeys(read_budget(plan.base, text) for text in texts)))
    asked = plan.experiment()
    specs = asked.specs()
    for spec, _condition in specs[: len(specs) // plan.seeds]:
        spec.check()
    return asked


def _wait(store: Store, experiment: str) -> None:
    """Wait until no run of the experiment waits or trains, and say how far it is."""
    from xfer_core.execution.dispatcher import ensure_dispatcher
    from xfer_core.runs.store import LIVE

    said = ""
    while True:
        ensure_dispatcher()
        runs = store.find(experiment=experiment)
        said = _progress(store, runs, said)
        if not any(run.status in LIVE for run in runs):
            break
        time.sleep(SECONDS)
    if sys.stderr.isatty():
        print(file=sys.stderr)


def _progress(store: Store, runs: Sequence[Run], said: str) -> str:
    """Write the line of progress, unless it is the one that was written last; returns it."""
    from xfer_core.analysis.duration import paces, seconds_left
    from xfer_core.runs.store import FINISHED

    done = sum(run.status == FINISHED for run in runs)
    text = f"{done} of {len(runs)} runs are finished"
    if not sys.stderr.isatty():
        if text != said:
            print(text, file=sys.stderr, flush=True)
        return text
    if left := seconds_left(runs, paces(store.find(statuses=(FINISHED,), limit=REMEMBERED))):
        size, unit = (1, "s") if left.high < 90 else (60, "min")
        text += f", about {max(1, left.low / size):.0f} to {left.high / size:.0f} {unit} left"
    print(f"\r{text:<79}", end="", file=sys.stderr, flush=True)
    return text


def _table(store: Store, experiment: str, found: dict[str, Any]) -> str:
    """Title, verdict and table of the finished runs, and the runs without a result."""
    from xfer_core.exports.experiments.results import gather_results

    lines = [f"{one['condition']}, seed {one['seed']}: {one['status']} ({one['run']})" for one in found["failures"]]
    if not any(row["n"] for row in found["rows"]):
        return "\n".join([f"{experiment}: no run has finished", *lines])
    results = gather_results(store, experiment)
    cells = [list(results.rows[0]), *(list(row.values()) for row in results.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    verdict = [results.said[0].text.replace("**", "")] if results.said else []
    return "\n".join([f"{results.title} ({experiment})", *verdict, "", *table, *lines])
