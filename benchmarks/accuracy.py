"""Test results of every method on the problems of ``xfer_core/showcases/recipes``: the tables of ``docs/RESULTS.md``.

``python -m benchmarks.accuracy [--only PATTERN] [--claims] [--seeds N] [--at-once N] [--json]`` trains all recipes, or
those whose name matches, or those that carry a claim; stores the results in ``xfer_core/showcases/accuracy.json``; and
writes the tables anew. A seed that was measured already for the present recipe is not trained again without
``--again``. ``--new-seeds`` trains two further seeds of the recipes that carry a claim and prints how many of the rows
hold for them. Runs that train at once share the cores; alone each would be quicker.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import torch

from benchmarks.results import TABLES, tables
from xfer_core.analysis.accuracy import format_mean_std, mean_std
from xfer_core.analysis.claims import NEW_SEEDS, SEEDS, WITHIN, claims, holding
from xfer_core.errors import XferError
from xfer_core.runs.spec import RunSpec, metric_name
from xfer_core.runs.train import trainer_for
from xfer_core.showcases.measured import MEASURED, Known, is_current, known, recipes, values
from xfer_core.training import Result
from xfer_core.training.device import has_bf16


def processor() -> str:
    """The name of this machine's processor, if the system reports it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    arithmetic = "with" if has_bf16(torch.device("cpu")) else "without"
    return f"{names[0] if names else platform.processor()}, {arithmetic} bf16"


def train(spec: RunSpec, threads: int) -> dict[str, Any]:
    """One run: its headline value after the last step, every test metric, the choice of each selection rule, its
    duration and hardware."""
    torch.set_num_threads(threads)
    result = trainer_for(spec).run()
    return {
        "value": judged(spec, result),
        "metrics": result.metrics,
        "selection": result.selection,
        "seconds": round(result.seconds, 1),
        "device": result.device,
        "processor": processor(),
        "precision": result.precision,
        "threads": result.threads,
    }


def judged(spec: RunSpec, result: Result) -> float:
    """The headline value of a recipe: accuracy on its target, on the worst of several targets, or on unseen domains."""
    if spec.problem.unseen:
        return result.selection["last"]["value"]
    names = [metric_name(spec.problem, key, spec.problem.tasks[0], "test") for key in spec.problem.target]
    return min(result.metrics[name] for name in names)


def measure(
    chosen: dict[str, RunSpec], seeds: Iterable[int], at_once: int, measured: Known, part: str = "seeds"
) -> Iterator[str]:
    """Train the missing seeds, store each result as its run ends, and yield each recipe once its seeds are complete.

    Raises:
        XferError: of the first run that cannot be trained.
    """
    for name, spec in chosen.items():
        if name not in measured or not is_current(measured[name], spec):
            dump = spec.model_dump(mode="json")
            measured[name] = {"spec": dump, "seeds": {}, "new_seeds": {}, "torch": torch.__version__}
        measured[name].setdefault(part, {})
    # Seed by seed over all recipes: an interruption leaves rows of equal length.
    jobs = [(name, seed) for seed in seeds for name in chosen if str(seed) not in measured[name][part]]
    left = Counter(name for name, _ in jobs)
    yield from (name for name in chosen if not left[name])
    threads = max(1, torch.get_num_threads() // at_once)
    with ProcessPoolExecutor(at_once, multiprocessing.get_context("spawn")) as pool:
        runs = {
            pool.submit(train, chosen[name].model_copy(update={"seed": seed}), threads): (name, seed)
            for name, seed in jobs
        }
        try:
            for run in as_completed(runs):
                name, seed = runs[run]
                measured[name][part][str(seed)] = run.result()
                MEASURED.write_text(json.dumps(measured, indent=1, sort_keys=True) + "\n")
                left[name] -= 1
                if not left[name]:
                    yield name
        finally:
            pool.shutdown(cancel_futures=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="*", metavar="PATTERN", help="such as 'mnist_to_usps.*' or '*.dann'")
    parser.add_argument("--claims", action="store_true", help="of these, the recipes that carry a claim")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--new-seeds", action="store_true", help=f"train seeds {NEW_SEEDS} of what carries a claim")
    parser.add_argument("--at-once", type=int, default=1, metavar="N", help="runs that train side by side")
    parser.add_argument("--again", action="store_true", help="train even what was measured already")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    chosen, measured = recipes(options.only), known()
    if options.claims or options.new_seeds:
        chosen = {name: spec for name, spec in chosen.items() if name in claims()}
    if options.again:
        measured = {name: found for name, found in measured.items() if name not in chosen}
    seeds, part = (NEW_SEEDS, "new_seeds") if options.new_seeds else (range(options.seeds), "seeds")
    try:
        for name in measure(chosen, seeds, options.at_once, measured, part):
            if not options.json and not options.new_seeds:
                print(f"{name:<48}{format_mean_std(mean_std(values(measured[name])))} %", flush=True)
    except XferError as error:
        parser.exit(2, f"{error}\n")
    TABLES.write_text(tables(measured))
    if options.json:
        print(json.dumps({name: measured[name] for name in chosen}))
    elif options.new_seeds:
        held, rows = holding(measured)
        print(f"in {held} of {rows} rows both new seeds lie within {WITHIN} standard deviations of the mean")


if __name__ == "__main__":
    main()
