"""How well every method does on the problems of ``benchmarks/recipes``: the tables of ``docs/RESULTS.md``.

``python -m benchmarks.accuracy [--only PATTERN] [--seeds N] [--json]`` trains every recipe whose name fits (all of
them, if no pattern is given), keeps what it measured in ``benchmarks/accuracy.json``, and writes the tables anew. A
recipe that was measured already, with these seeds and as it is now, is not trained again unless ``--again`` says so.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from xfer_core.analysis.accuracy import Spread, spread
from xfer_core.errors import XferError
from xfer_core.runs.spec import RunSpec, parse_spec
from xfer_core.training import Trainer
from xfer_core.training.device import choose_device, device_name

HERE = Path(__file__).parent
RECIPES, MEASURED, TABLES = HERE / "recipes", HERE / "accuracy.json", HERE.parent / "docs" / "RESULTS.md"
SEEDS = 5


def recipes(pattern: str = "*") -> dict[str, RunSpec]:
    """``problem.kind`` → spec, for every committed recipe whose name fits."""
    files = sorted(RECIPES.glob("*.json"))
    return {
        file.stem: parse_spec(json.loads(file.read_text())) for file in files if fnmatch.fnmatch(file.stem, pattern)
    }


def measure(spec: RunSpec, seeds: int) -> dict[str, Any]:
    """Target test accuracy after the last step for seeds 0, 1, …; and how long a seed took."""
    begun, values = time.perf_counter(), []
    for seed in range(seeds):
        own = spec.model_copy(update={"seed": seed})
        trainer = Trainer(own.problem, own.network, own.strategy, own.training, seed)
        values.append(trainer.run().metrics[own.target_metric()])
    return {
        "digest": spec.digest(),
        "values": values,
        "seconds": (time.perf_counter() - begun) / seeds,
        "device": device_name(choose_device(spec.training.device)),
        "torch": torch.__version__,
    }


def fresh(found: dict[str, Any] | None, spec: RunSpec, seeds: int) -> bool:
    """Whether this was measured from this very recipe with at least these seeds."""
    return found is not None and found["digest"] == spec.digest() and len(found["values"]) >= seeds


def tables(measured: dict[str, dict[str, Any]]) -> str:
    """The whole of ``docs/RESULTS.md``, from what was measured; each problem is a table."""
    specs = recipes()
    problems = sorted({name.partition(".")[0] for name in specs if name in measured})
    return "\n".join([HEAD, *(line for problem in problems for line in _table(problem, specs, measured))]) + "\n"


def shown(over: Spread) -> str:
    """Mean and standard deviation in per cent; one seed has no deviation."""
    return f"{100 * over.mean:.1f}" + ("" if over.deviation is None else f" ± {100 * over.deviation:.1f}")


HEAD = """# Results

Written by `python -m benchmarks.accuracy` from the recipes in `benchmarks/recipes`; nothing here is typed by hand. Each
row is the mean ± standard deviation of the target test accuracy over the seeds, each with its own deal of the data,
initial weights and batches. The network of the last step counts (selection rule `last`): no label, of validation or
test, chose a step. "Against" compares with the row named, in points.
"""


def _table(problem: str, specs: dict[str, RunSpec], measured: dict[str, dict[str, Any]]) -> Iterator[str]:
    rows = {name.partition(".")[2]: name for name in specs if name.startswith(f"{problem}.") and name in measured}
    any_spec = specs[next(iter(rows.values()))]
    labels = any_spec.problem.labels_per_class
    means = {kind: spread(measured[name]["values"]) for kind, name in rows.items()}
    yield f"\n## {problem.replace('_', ' ')}\n"
    yield (
        f"From {', '.join(any_spec.problem.source)} to {', '.join(any_spec.problem.target)}, "
        f"{'no' if labels == 0 else labels} target labels a class, network `{any_spec.network.kind}`.\n"
    )
    yield "| method | accuracy, % | against source only | against fine-tuning | seeds | seconds a seed |"
    yield "|---|---|---|---|---|---|"
    for kind in sorted(rows, key=lambda kind: (kind not in ("source_only", "target_only"), -means[kind].mean)):
        found, own = measured[rows[kind]], means[kind]
        against = [
            f"{100 * (own.mean - means[other].mean):+.1f}" if other in means and other != kind else ""
            for other in ("source_only", "fine_tune")
        ]
        stale = "" if fresh(found, specs[rows[kind]], 1) else " (an earlier recipe)"
        yield (
            f"| `{kind}`{stale} | {shown(own)} | {against[0]} | {against[1]} "
            f"| {len(found['values'])} | {found['seconds']:.0f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="*", metavar="PATTERN", help="such as 'mnist_to_usps.*' or '*.dann'")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--again", action="store_true", help="train even what was measured already")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    measured = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    chosen = recipes(options.only)
    for name, spec in chosen.items():
        if options.again or not fresh(measured.get(name), spec, options.seeds):
            try:
                measured[name] = measure(spec, options.seeds)
            except XferError as error:
                parser.exit(2, f"{name}: {error}\n")
            MEASURED.write_text(json.dumps(measured, indent=1, sort_keys=True) + "\n")
            TABLES.write_text(tables(measured))
        over = spread(measured[name]["values"])
        if not options.json:
            print(f"{name:<44}{shown(over)} %", flush=True)
    if options.json:
        print(json.dumps({name: measured[name] for name in chosen}))


if __name__ == "__main__":
    main()
