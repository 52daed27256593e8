"""Command-line interface. Invalid input ends with exit code 2 and one line."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from xfer_core.errors import XferError, format_error
from xfer_core.strict_json import to_json

# Old --json key → new key; both are printed, because scripts use the old ones.
ALIASES = {"images_per_second": "samples_per_second", "fixed_unchanged": "frozen_unchanged"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except XferError as error:
        print(format_error(error), file=sys.stderr)
        return 2
    except ValidationError as error:  # errors of recipes are translated where they are read: this is an XFER_… variable
        from xfer_core.runs.spec import translate_error

        broken = translate_error(error)
        broken.field = f"XFER_{broken.field.upper()}"
        print(format_error(broken), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, such as `head`, closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        from xfer_core.settings import place_error

        misplaced = place_error(error)
        if misplaced is None:
            raise
        print(format_error(misplaced), file=sys.stderr)
        return 2


class _Parser(argparse.ArgumentParser):
    """Reports an error in one line and refers to ``--help``."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{' '.join(message.split())}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser("xfer_core", description="Train and compare transfer-learning methods.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Any, text: str, *flags: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command)
        if "--json" in flags:
            sub.add_argument("--json", action="store_true", help="print JSON")
        if "recipe" in flags:
            sub.add_argument("recipe", nargs="?", type=Path, help="a file with a spec; else the default problem")
            sub.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="change one field")
        if "run" in flags:
            sub.add_argument("run", help="the id of a run" + (" or of an experiment" if name == "export" else ""))
        return sub

    listing = add("list", _list, "list the available domains, networks, strategies or selection rules", "--json")
    listing.add_argument("what", choices=("domains", "networks", "strategies", "selections"))
    add("train", _train, "train in the foreground", "recipe", "--json")
    add("submit", _submit, "queue a run and print its id", "recipe")
    add("runs", _runs, "all runs, the newest first", "--json")
    add("show", _show, "one run", "run", "--json")
    add("stop", _stop, "stop a run", "run")
    add("export", _export, "write a run, or an experiment, as report, tables and files", "run").add_argument(
        "folder", type=Path
    )
    dispatcher = add("dispatcher", _dispatcher, "serve queued runs")
    dispatcher.add_argument("--until-idle", action="store_true", help="end after a long time without runs")
    return parser


# ---------------------------------------------------------------------- commands


def _list(options: argparse.Namespace) -> int:
    rows = {"domains": _domains, "networks": _networks, "strategies": _strategies, "selections": _selections}
    found = rows[options.what]()
    if options.json:
        print(to_json(found))
    else:
        for row in found:
            print(f"{row.get('key') or row['kind']:<22}{row['summary']}")
    return 0


def _domains() -> list[dict[str, Any]]:
    from xfer_core.domains import domain_info, domain_keys, is_available

    return [
        {
            "key": key,
            "title": info.card.title,
            "summary": info.card.description,
            "source": info.card.source,
            "licence": info.card.licence,
            "recipe": info.card.recipe,
            "samples": info.samples,
            "shape": list(info.spec.raw_shape),
            "tasks": {name: list(classes) for name, classes in info.tasks.items()},
            "here": is_available(key),
            "megabytes": info.download.megabytes if info.download else 0,
        }
        for key, info in zip(domain_keys(), map(domain_info, domain_keys()), strict=True)
    ]


def _forms(classes: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {
            "kind": form.kind_name(),
            **{key: getattr(form, key) for key in ("title", "family") if hasattr(form, key)},
            "summary": form.__doc__.strip().splitlines()[0],
            "schema": form.model_json_schema(),
        }
        for form in classes
    ]


def _networks() -> list[dict[str, Any]]:
    from xfer_core.networks import NETWORKS

    return _forms(NETWORKS)


def _strategies() -> list[dict[str, Any]]:
    from xfer_core.strategies import STRATEGIES

    return _forms(STRATEGIES)


def _selections() -> list[dict[str, Any]]:
    from xfer_core.selections import SELECTIONS

    return _forms(SELECTIONS)


def _recipe(options: argparse.Namespace) -> Any:
    """The JSON of the recipe; without one, an empty object."""
    from xfer_core.runs.recipe import recipe_data

    if options.recipe is None:
        return {}
    try:
        content = options.recipe.read_bytes()
    except OSError as error:
        raise XferError("no_file", "recipe", options.recipe, reason=error.strerror or error) from None
    return recipe_data(content, options.recipe)


def _spec(options: argparse.Namespace) -> Any:
    from xfer_core.runs.spec import parse_spec

    spec = parse_spec(_recipe(options), options.set)
    spec.check()
    return spec


def _train(options: argparse.Namespace) -> int:
    from xfer_core.execution.dispatcher import code_version
    from xfer_core.execution.worker import run_here
    from xfer_core.runs.process import identity
    from xfer_core.runs.store import RUNNING, new_token, open_store

    spec, store = _spec(options), open_store()
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
    print(to_json(outcome) if options.json else _describe(outcome))
    return 0


def _progress_line(progress: dict[str, Any]) -> None:
    left = progress["seconds_left"]
    text = f"{progress['phase']:<10} step {progress['step']:>6} of {progress['steps']}"
    if left is not None:
        text += f"  {progress['samples_per_second']:>8,.0f} samples/s  {left:>5.0f} s left"
    print(f"\r{text:<79}", end="", file=sys.stderr, flush=True)


def _describe(outcome: dict[str, Any]) -> str:
    from xfer_core.analysis.accuracy import metric_text
    from xfer_core.execution.worker import warnings

    lines = [f"run {outcome['run']}: {outcome['status']} after {outcome['seconds']:.1f} s"]
    lines[0] += f" on {outcome['device']} ({outcome['precision']}, {outcome['threads']} threads)"
    lines += [f"  {format_error(warning)}" for warning in warnings(outcome.get("warnings", []))]
    lines += [f"  {name:<50}{metric_text(name, value):>8}" for name, value in outcome["metrics"].items()]
    if outcome["frozen_unchanged"] is not None:
        held = "bit-identical" if outcome["frozen_unchanged"] else "CHANGED: this is a bug"
        lines.append(f"  frozen parameters and buffers: {held}")
    return "\n".join(lines)


def _submit(options: argparse.Namespace) -> int:
    from xfer_core.execution.dispatcher import ensure_dispatcher
    from xfer_core.experiments.experiment import new_batch
    from xfer_core.exports.experiments.recipe import is_experiment, read_recipe
    from xfer_core.runs.store import open_store

    if is_experiment(data := _recipe(options)):
        if options.set:
            raise XferError("not_for_experiments", "--set", options.set[0])
        preset, name, specs = read_recipe(data)
        batch = new_batch(preset)
        open_store().create_many(specs, batch)
        open_store().name_experiment(batch, name)
        print(batch)
    else:
        print(open_store().create(_spec(options)))
    ensure_dispatcher()
    return 0


def _row(run: Any) -> dict[str, Any]:
    return {
        "run": run.id,
        "status": run.status,
        "created": run.created,
        "target_metric": run.target_metric,
        "spec": run.spec,
    }


def _runs(options: argparse.Namespace) -> int:
    from xfer_core.analysis.accuracy import metric_text
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


def _show(options: argparse.Namespace) -> int:
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
        print(_describe({"run": run.id, "status": run.status, **run.result, "warnings": []}))  # they are in the notes
    print(to_json(run.spec, indent=2))
    return 0


def _stop(options: argparse.Namespace) -> int:
    from xfer_core.runs.store import open_store

    open_store().command(options.run, "stop")
    return 0


def _export(options: argparse.Namespace) -> int:
    from xfer_core.experiments.experiment import experiments
    from xfer_core.exports import Exported, export_run
    from xfer_core.exports.experiments import export_experiment
    from xfer_core.runs.store import open_store

    store = open_store()
    try:
        if options.run in experiments(store):
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


def _dispatcher(options: argparse.Namespace) -> int:
    from xfer_core.execution.factory import begin_factory

    begin_factory()  # it preloads while this process imports torch
    from xfer_core.execution.dispatcher import serve

    return serve(options.until_idle)
