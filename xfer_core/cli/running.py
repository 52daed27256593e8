"""Commands that train: ``train``, ``submit``, ``dispatcher``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

from xfer_core.cli.inputs import read_recipe_file, read_spec
from xfer_core.cli.stored import describe
from xfer_core.errors import XferError
from xfer_core.strict_json import to_json

# Old --json key → new key; both are printed, because scripts use the old ones.
ALIASES = {"images_per_second": "samples_per_second", "fixed_unchanged": "frozen_unchanged"}


def train(options: argparse.Namespace) -> int:
    """Train a run in the foreground."""
    from xfer_core.execution.dispatcher import code_version
    from xfer_core.execution.worker import run_here
    from xfer_core.runs.process import identity
    from xfer_core.runs.store import RUNNING, new_token, open_store

    spec, store = read_spec(options), open_store()
    import torch

    threads = torch.get_num_threads()
    run = store.create(spec, status=RUNNING)
    now, token = time.time(), new_token()
    who = {"pid": os.getpid(), "process": identity(), "token": token}
    store.update(run, **who, threads=threads, started=now, heartbeat=now, code=code_version())
    listener = _progress_line if sys.stderr.isatty() else None
    result = run_here(store, run, threads, listener, token)
    if listener:
        print(file=sys.stderr)
    row = store.get(run)
    if result is None or not row.result:
        if options.json:
            print(to_json({"run": run, "status": row.status, "reason": row.reason}))
        print((row.reason or {}).get("text", f"run {run} is {row.status}"), file=sys.stderr)
        return 1
    keys = (
        "metrics",
        "seconds",
        "samples_per_second",
        "device",
        "precision",
        "threads",
        "frozen_unchanged",
        "warnings",
    )
    outcome = {"run": run, "status": row.status, "target_metric": row.target_metric}
    outcome |= {key: row.result[key] for key in keys}
    outcome |= {old: row.result[new] for old, new in ALIASES.items()}
    print(to_json(outcome) if options.json else describe(outcome))
    return 0


def _progress_line(progress: dict[str, Any]) -> None:
    left = progress["seconds_left"]
    text = f"{progress['phase']:<10} step {progress['step']:>6} of {progress['steps']}"
    if left is not None:
        text += f"  {progress['samples_per_second']:>8,.0f} samples/s  {left:>5.0f} s left"
    print(f"\r{text:<79}", end="", file=sys.stderr, flush=True)


def submit(options: argparse.Namespace) -> int:
    """Queue a run, or an experiment from its recipe."""
    from xfer_core.execution.dispatcher import ensure_dispatcher
    from xfer_core.experiments.experiment import begin_runs
    from xfer_core.exports.experiments.recipe import is_experiment, read_recipe
    from xfer_core.runs.store import open_store

    if is_experiment(data := read_recipe_file(options)):
        if options.set:
            raise XferError("not_for_experiments", "--set", options.set[0])
        preset, name, runs = read_recipe(data)
        print(begin_runs(open_store(), preset, runs, name))
    else:
        print(open_store().create(read_spec(options)))
    ensure_dispatcher()
    return 0


def dispatcher(options: argparse.Namespace) -> int:
    """Serve queued runs."""
    from xfer_core.execution.factory import begin_factory

    begin_factory()  # it preloads while this process opens the store
    from xfer_core.execution.dispatcher import serve

    return serve(options.until_idle)
