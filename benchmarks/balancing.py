"""Cost of loss balancing: seconds per step as a ratio to fixed λ.

``python -m benchmarks.balancing [--rounds N] [--json]``. All methods take turns in every round, on the same problem
(handwritten digits → photographs, digit and tilt, four losses), so that a drift of the machine's speed affects all;
each ratio is to the fixed λ of the same round.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

from xfer_core.networks import SmallCNN
from xfer_core.problems.problem import Problem, split_problem
from xfer_core.strategies import STRATEGIES, Strategy
from xfer_core.training import Trainer, TrainingConfig
from xfer_core.training.device import device_name, synchronize

STEPS = 20
PROBLEM = Problem(tasks=("digit", "tilt"), labels_per_class=10)
METHODS: dict[str, type[Strategy]] = {form.kind_name(): form for form in STRATEGIES if form.family == "joint"}


class Method:
    """One method, warm and ready to be timed."""

    def __init__(self, form: type[Strategy]) -> None:
        training = TrainingConfig(steps=1_000_000, evaluations=1, precision="float32")
        self.run = Trainer(PROBLEM, SmallCNN(), form(kind=form.kind_name()), training, 0,
                           data=split_problem(PROBLEM, 0))  # fmt: skip
        self.run._begin_phase()
        self.seconds(5)

    def seconds(self, steps: int) -> float:
        """Seconds for so many steps, those that measure gradient conflict excluded."""
        begun = time.perf_counter()
        for _ in range(steps):
            self.run._train_step()
        synchronize(self.run.device)
        self.run.metrics.flush()
        return time.perf_counter() - begun


def measure(rounds: int, steps: int = STEPS) -> dict[str, list[float]]:
    """Kind → ratio of its seconds to those of fixed λ, one per round."""
    methods = {kind: Method(form) for kind, form in METHODS.items()}
    ratios: dict[str, list[float]] = {kind: [] for kind in methods if kind != "joint"}
    for _ in range(rounds):
        taken = {kind: method.seconds(steps) for kind, method in methods.items()}
        for kind, found in ratios.items():
            found.append(taken[kind] / taken["joint"])
    return ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    ratios = measure(options.rounds)
    rows = {
        kind: {"ratio": statistics.median(found), "least": min(found), "most": max(found)}
        for kind, found in ratios.items()
    }
    if options.json:
        print(json.dumps(rows))
        return
    device = Trainer(PROBLEM, SmallCNN(), METHODS["joint"](kind="joint"), TrainingConfig(), 0).device
    print(f"seconds a step over fixed λ, four losses, {device_name(device)}: median (least to most)")
    for kind, row in rows.items():
        print(f"{kind:<24}×{row['ratio']:.2f} ({row['least']:.2f} to {row['most']:.2f})")


if __name__ == "__main__":
    main()
