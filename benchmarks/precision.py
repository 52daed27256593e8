"""Effect of bf16 on accuracy: the default problem in float32 and in bf16, over five seeds.

``python -m benchmarks.precision [--json]`` prints it; ``--save`` also writes ``benchmarks/precision.json``, which the
tests hold against the rule that precision "auto" may only take bf16 while the difference is at most one point. On a
processor without bf16 arithmetic torch rounds in software: slower, with the same numbers.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from xfer_core.analysis.accuracy import mean_std
from xfer_core.runs.spec import parse_spec
from xfer_core.runs.train import trainer_for
from xfer_core.training.device import device_name, select_device

FILE = Path(__file__).with_name("precision.json")
SEEDS = 5
STRATEGIES = ("target_only", "fine_tune")


def measure(
    seeds: int = SEEDS, precisions: tuple[str, ...] = ("float32", "bf16"), changes: tuple[str, ...] = ()
) -> dict:
    """Target test accuracy of each strategy and seed in each precision, with mean and standard deviation; ``changes``
    are further settings of every run."""
    found: dict = {"device": device_name(select_device("auto")), "torch": torch.__version__, "seeds": seeds}
    for precision in precisions:
        rows = found[precision] = {}
        for kind in STRATEGIES:
            values = [_accuracy(kind, seed, [f"training.precision={precision}", *changes]) for seed in range(seeds)]
            over = mean_std(values)
            rows[kind] = {"values": values, "mean": over.mean, "deviation": over.deviation}
        rows["gain"] = rows["fine_tune"]["mean"] - rows["target_only"]["mean"]
    if len(precisions) == 2:
        one, two = (found[precision] for precision in precisions)
        found["difference"] = {kind: two[kind]["mean"] - one[kind]["mean"] for kind in STRATEGIES}
    return found


def _accuracy(kind: str, seed: int, changes: list[str]) -> float:
    spec = parse_spec({}, [f"strategy.kind={kind}", f"seed={seed}", *changes])
    trainer = trainer_for(spec)
    return trainer.run().metrics[spec.target_metric()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    found = measure()
    if options.save:
        FILE.write_text(json.dumps(found, indent=1) + "\n")
    if options.json:
        print(json.dumps(found))
        return
    print(
        f"target test accuracy after the last step, {found['seeds']} seeds, {found['device']}, torch {found['torch']}"
    )
    for precision in ("float32", "bf16"):
        for kind in STRATEGIES:
            row = found[precision][kind]
            print(f"  {precision:<9}{kind:<13}{100 * row['mean']:6.1f} ± {100 * row['deviation']:.1f} %")
        print(f"  {precision:<9}fine-tuned minus from scratch {100 * found[precision]['gain']:+.1f} points")
    for kind, difference in found["difference"].items():
        print(f"  bf16 minus float32, {kind}: {100 * difference:+.2f} points")


if __name__ == "__main__":
    main()
