"""Training throughput on texts and tables, relative to plain PyTorch loops of the same network on the same samples.

``python -m benchmarks.plain_loops [--json]``. One plain loop has a DataLoader, as most tutorials do; the other, which
is quicker, draws a whole batch by a permutation. The three take turns in one run, so that a drift of the machine's
speed affects all. All train in float32 with Adam and batches of 32; evaluation is not counted.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.throughput import ratio, ratio_words
from xfer_core import RunSpec, parse_spec
from xfer_core.problems.problem import ProblemData, Samples, split_problem
from xfer_core.training import Trainer

BATCH, RATE = 32, 0.003
PROBLEMS = {
    "table, mlp": ("clinical.breast_coarse", "clinical.breast_fine", "mlp"),
    "points, mlp": ("planar.moons", "planar.moons?rotate=30", "mlp"),
    "text, embedding_bag": ("names.family", "names.places", "embedding_bag"),
    "text, text_cnn": ("names.family", "names.places", "text_cnn"),
}
PLAIN = ("DataLoader", "permutation")


def spec_of(source: str, target: str, network: str, steps: int) -> RunSpec:
    """A run that trains on the source alone."""
    training = {"steps": steps, "batch_size": BATCH, "evaluations": 2, "precision": "float32", "device": "cpu"}
    training |= {"optimizer": {"kind": "adam", "lr": RATE}}
    problem = {"source": [source], "target": [target], "labels_per_class": 0}
    tree = {"problem": problem, "network": {"kind": network}, "strategy": {"kind": "source_only"}, "training": training}
    return parse_spec(tree)


def batches(samples: Samples, task: str, kind: str) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches without end, as a plain loop draws them."""
    inputs, labels = samples.inputs, samples.labels[task]
    loader = DataLoader(TensorDataset(inputs, labels), batch_size=BATCH, shuffle=True, drop_last=True)
    while True:
        if kind == "DataLoader":
            yield from loader
        else:
            order = torch.randperm(len(inputs))
            for start in range(0, len(inputs) - BATCH + 1, BATCH):
                chosen = order[start : start + BATCH]
                yield inputs[chosen], labels[chosen]


def plain_loop(spec: RunSpec, data: ProblemData, kind: str) -> Callable[[int], float]:
    """Seconds for so many steps of a plain loop."""
    network = spec.network.build(data.input_spec, spec.problem.outputs())
    spec.network.fill(network, data.encoder)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    task = spec.problem.tasks[0]
    drawn = batches(data.training[spec.problem.source[0]].labelled, task, kind)

    def run(steps: int) -> float:
        begun = time.perf_counter()
        for _ in range(steps):
            inputs, labels = next(drawn)
            optimizer.zero_grad()
            loss = F.cross_entropy(network(inputs)[task], labels)
            loss.backward()
            optimizer.step()
        return time.perf_counter() - begun

    return run


def xfer_loop(spec: RunSpec, data: ProblemData) -> Callable[[int], float]:
    """Seconds for so many steps of Xfer's own loop."""

    def run(steps: int) -> float:
        training = spec.training.model_copy(update={"steps": steps})
        trainer = Trainer(spec.problem, spec.network, spec.strategy, training, seed=0, data=data)
        trainer.run()
        return trainer.train_seconds

    return run


def measure(steps: int, rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Of each problem: Xfer's samples per second, and its speed relative to each plain loop, after one warm-up."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for title, problem in PROBLEMS.items():
        spec = spec_of(*problem, steps)
        data = split_problem(spec.problem, seed=0)
        loops = {kind: plain_loop(spec, data, kind) for kind in PLAIN} | {"xfer": xfer_loop(spec, data)}
        turns = [{name: loop(steps) for name, loop in loops.items()} for _ in range(rounds + 1)][1:]
        seconds = {name: [turn[name] for turn in turns] for name in loops}
        speed = steps * BATCH / statistics.median(seconds["xfer"])
        found[title] = {"samples per second": {"xfer": speed}}
        found[title] |= {f"relative to {kind}": ratio(seconds[kind], seconds["xfer"]) for kind in PLAIN}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--steps", type=int, default=300, help="steps of each contender a round")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    found = measure(options.steps, options.rounds)
    if options.json:
        print(json.dumps(found))
        return
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}")
    for title, rows in found.items():
        print(f"{title}: {rows['samples per second']['xfer']:,.0f} samples/s")
        for kind in PLAIN:
            print(f"  relative to {kind:<14}{ratio_words(rows[f'relative to {kind}'])}")


if __name__ == "__main__":
    main()
