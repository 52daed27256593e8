"""Commands on stored runs and experiments: ``runs``, ``show``, ``stop``, ``export``."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from xfer_core.errors import XferError, format_error
from xfer_core.strict_json import to_json


def _row(run: Any) -> dict[str, Any]:
    return {
        "run": run.id,
        "status": run.status,
        "created": run.created,
        "target_metric": run.target_metric,
        "spec": run.spec,
    }


def runs(options: argparse.Namespace) -> int:
    """List all runs."""
    from xfer_core.analysis.measure import metric_text
    from xfer_core.runs.deletion import runs_without_rows
    from xfer_core.runs.store import open_store

    store = open_store()
    found = store.find()
    if lost := runs_without_rows(store):
        print(format_error(lost), file=sys.stderr)
    if options.json:
        print(to_json([_row(run) for run in found]))
        return 0
    for run in found:
        metric = run.target_metric
        result = f"{metric_text(metric['name'], metric['value']):>7}  {metric['name']}" if metric else ""
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created))
        print(f"{run.id}  {when}  {run.status:<12}{run.spec['strategy']['kind']:<14}{result}")
    if not found and not lost:
        print("no runs yet; `python -m xfer_core train` makes the first")
    return 0


def show(options: argparse.Namespace) -> int:
    """Show one run."""
    from xfer_core.execution.worker import notes
    from xfer_core.runs.store import open_store

    store = open_store()
    run = store.get(options.run)
    shown = {**_row(run), "name": run.name, "reason": run.reason, "progress": run.progress, "result": run.result}
    shown["notes"] = [format_error(note) for note in notes(store, run.id)]
    if options.json:
        print(to_json(shown))
        return 0
    print(f"run {run.id} ({run.name}): {run.status}")
    if run.reason:
        print(f"  {run.reason['text']}")
    for note in shown["notes"]:
        print(f"  {note}")
    if run.progress:
        print(f"  step {run.progress['step']} of {run.progress['steps']}, phase {run.progress['phase']}")
    if run.result:
        print(describe({"run": run.id, "status": run.status, **run.result, "warnings": []}))  # they are in the notes
    print(to_json(run.spec, indent=2))
    return 0


def stop(options: argparse.Namespace) -> int:
    """Stop a run."""
    from xfer_core.runs.store import open_store

    open_store().command(options.run, "stop")
    return 0


def export(options: argparse.Namespace) -> int:
    """Write a run or an experiment to a folder."""
    from xfer_core.exports import Exported, export_run
    from xfer_core.exports.experiments import export_experiment
    from xfer_core.runs.store import open_store

    store = open_store()
    try:
        if store.experiment(options.run):
            exported = Exported(export_experiment(store, options.run, options.folder))
        else:
            exported = export_run(store, options.run, options.folder)
    except OSError as error:
        raise XferError("no_folder", "folder", options.folder, reason=error.strerror or error) from None
    for path in exported.files:
        print(path)
    for error in exported.skipped:
        print(format_error(error), file=sys.stderr)
    return 0


def describe(outcome: dict[str, Any]) -> str:
    """The result of a run as lines of text."""
    from xfer_core.analysis.measure import metric_text
    from xfer_core.execution.worker import warnings

    lines = [f"run {outcome['run']}: {outcome['status']} after {outcome['seconds']:.1f} s"]
    lines[0] += f" on {outcome['device']} ({outcome['precision']}, {outcome['threads']} threads)"
    lines += [f"  {format_error(warning)}" for warning in warnings(outcome.get("warnings", []))]
    lines += [f"  {name:<50}{metric_text(name, value):>8}" for name, value in outcome["metrics"].items()]
    if outcome["frozen_unchanged"] is not None:
        held = "bit-identical" if outcome["frozen_unchanged"] else "CHANGED: this is a bug"
        lines.append(f"  frozen parameters and buffers: {held}")
    return "\n".join(lines)
