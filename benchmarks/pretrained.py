"""What a pretrained network gives for a few labels of your own photographs.

``python -m benchmarks.pretrained ZIP [--train N] [--test N] [--labels N] [--seeds N] [--steps N] [--json]`` reads a zip
with ``train/CLASS/…`` and ``test/CLASS/…``, takes the first pictures of each class, and prints the test accuracy of a
linear probe of EfficientNet-Lite0, of the same head on raw pixels, and of ``small_cnn`` from scratch, as mean and
standard deviation over seeds; the seconds to the first step, with the outputs of frozen stages computed and found
again. ``--clicks N`` measures in the app instead: seconds from a click on Start training, in a real Chromium, to the
first point of the linear probe's curve, once those outputs are there. ``--scratch N`` measures instead what it costs to
train whole networks from scratch: processor seconds per step, over N steps of each.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any
from urllib.parse import urlencode

from benchmarks.latency import click_to_first_point
from benchmarks.serving import AppServer, end_dispatchers, open_browser
from xfer_core.domains import domain_info
from xfer_core.imports import examine
from xfer_core.imports.stored import store
from xfer_core.networks import EfficientNetLite0, NetworkConfig, Pixels, ResNet18, SmallCNN
from xfer_core.problems.problem import Problem, ProblemData, split_problem
from xfer_core.runs.store import open_store
from xfer_core.strategies import Strategy
from xfer_core.strategies.baselines.target_only import TargetOnly
from xfer_core.strategies.transfer.linear_probe import LinearProbe
from xfer_core.training import Adam, NullCallback, Result, Trainer, TrainingConfig

ARMS = {
    "linear probe of efficientnet_lite0": (EfficientNetLite0(), LinearProbe()),
    "the same head on raw pixels": (Pixels(), TargetOnly()),
    "small_cnn from scratch": (SmallCNN(), TargetOnly()),
}


class FirstStep(NullCallback):
    """Notes when the first step is reported."""

    def __init__(self) -> None:
        self.begun, self.seconds = time.perf_counter(), 0.0

    def on_metrics(self, points: Any, progress: dict[str, Any]) -> None:
        """Look for a point after step 0."""
        if not self.seconds and any(step > 0 for _, step, *_ in points):
            self.seconds = time.perf_counter() - self.begun


def take(archive: Path, folder: Path, counts: Mapping[str, int]) -> None:
    """Write the first pictures of each class and split to a folder."""
    taken: defaultdict[tuple[str, str], int] = defaultdict(int)
    with zipfile.ZipFile(archive) as pictures:
        for name in sorted(pictures.namelist()):
            split, _, rest = name.partition("/")
            kind, _, file = rest.partition("/")
            if split in counts and file and "/" not in file and taken[split, kind] < counts[split]:
                taken[split, kind] += 1
                place = folder / split / kind / f"{taken[split, kind]}{Path(file).suffix}"
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(pictures.read(name))


def _run(
    problem: Problem, data: ProblemData, network: NetworkConfig, strategy: Strategy, training: TrainingConfig, seed: int
) -> tuple[Result, float]:
    """One run: its result, and seconds to the first step."""
    watch = FirstStep()
    result = Trainer(problem, network, strategy, training, seed, watch, data=data).run()
    return result, watch.seconds


def measure(key: str, labels: int, seeds: int, steps: int) -> dict[str, Any]:
    """Test accuracy of each arm by seed, and seconds to the first step."""
    task = next(iter(domain_info(key).tasks))
    problem = Problem(source=(), target=(key,), tasks=(task,), labels_per_class=labels)
    training = TrainingConfig(steps=steps, evaluations=5, augment=(), optimizer=Adam(lr=0.001), selection="last")
    accuracy: dict[str, list[float]] = {arm: [] for arm in ARMS}
    seconds: list[float] = []
    for seed in range(seeds):
        data = split_problem(problem, seed)
        for arm, (network, strategy) in ARMS.items():
            twice = network.caches_features and not seed  # the second time, outputs of frozen stages are there
            runs = [_run(problem, data, network, strategy, training, seed) for _ in range(2 if twice else 1)]
            seconds += [first for _, first in runs] if twice else []
            accuracy[arm].append(runs[-1][0].metrics[f"accuracy/{key}/{task}/test"])
    return {"accuracy": accuracy, "first_step_seconds": {"computed": seconds[0], "found again": seconds[1]}}


def clicks(home: Path, key: str, labels: int, count: int) -> list[float]:
    """Seconds from so many clicks to the first point, each a run of its own that finds the outputs of frozen stages."""
    task = next(iter(domain_info(key).tasks))
    shared = {"problem.source": [], "problem.target": [key], "problem.tasks": [task], "training.augment": []}
    shared |= {"problem.labels_per_class": labels, "network.kind": "efficientnet_lite0"}
    shared["strategy.kind"] = "linear_probe"
    queries = [
        urlencode({name: value if isinstance(value, str) else json.dumps(value) for name, value in settings.items()})
        for settings in ({**shared, "training.steps": 100 + turn} for turn in range(count + 1))
    ]
    with open_browser() as browser:
        server = AppServer(home)
        try:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            return click_to_first_point(page, server, open_store(), queries)
        finally:
            server.close()
            end_dispatchers(home)


def scratch(key: str, labels: int, steps: int) -> dict[str, float]:
    """Network → processor seconds per step of training all of it from random weights."""
    task = next(iter(domain_info(key).tasks))
    problem = Problem(source=(), target=(key,), tasks=(task,), labels_per_class=labels)
    training = TrainingConfig(steps=steps, evaluations=1, augment=(), selection="last")
    data, found = split_problem(problem, 0), {}
    for network in (SmallCNN(), EfficientNetLite0(start="random"), ResNet18(start="random")):
        begun = time.process_time()
        _run(problem, data, network, TargetOnly(), training, 0)
        found[network.kind] = (time.process_time() - begun) / steps
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("zip", type=Path)
    parser.add_argument("--train", type=int, default=100, help="training pictures of each class")
    parser.add_argument("--test", type=int, default=100, help="test pictures of each class")
    parser.add_argument("--labels", type=int, default=5, help="labels of each class")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--clicks", type=int, default=0)
    parser.add_argument("--scratch", type=int, default=0, help="steps of each network")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["XFER_HOME"] = home
        folder = Path(home, "pictures")
        take(args.zip, folder, {"train": args.train, "test": args.test})
        (key,) = store(examine(folder), "photographs")
        if args.clicks:
            seconds = clicks(Path(home), key, args.labels, args.clicks)
            print(f"click to first point: {median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f})")
            return
        if args.scratch:
            for network, seconds in scratch(key, args.labels, args.scratch).items():
                print(f"{network:40} {seconds:.2f} s of processor time per step")
            return
        found = measure(key, args.labels, args.seeds, args.steps)
    if args.json:
        print(json.dumps(found))
        return
    for arm, values in found["accuracy"].items():
        spread = f" ± {100 * stdev(values):.1f}" if len(values) > 1 else ""
        print(f"{arm:40} {100 * mean(values):.1f}{spread} %")
    for how, seconds in found["first_step_seconds"].items():
        print(f"first step, frozen stages {how:14} {seconds:.1f} s")


if __name__ == "__main__":
    main()
