"""Training throughput, relative to the article's loop and to bare compute on one fixed batch.

``python -m benchmarks.throughput [--json]``. The three take turns in one run, so that a drift of the machine's speed
affects all. The article's loop is what ARTICLE.md means by it: a Dataset of PIL images, torchvision transforms a
sample at a time (flip, crop with padding 4, to tensor), a DataLoader with batches of 100, its network, SGD 0.01 with
momentum 0.9, float32, and the plain loop.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from xfer_core.modalities import ImageInput
from xfer_core.modalities.image.sampler import ImageSampler
from xfer_core.networks import ArticleNet
from xfer_core.problems.problem import Problem, Samples, split_problem
from xfer_core.strategies.baselines.source_only import SourceOnly
from xfer_core.training import SGD, Trainer, TrainingConfig
from xfer_core.training.device import autocast_context, device_name, has_bf16, select_device, synchronize

BATCH = 100
AUGMENT = ("flip", "crop")
PROBLEM = Problem()


class Pictures(Dataset):
    """Labelled PIL images, transformed one at a time."""

    def __init__(self, samples: Samples) -> None:
        self.images = [Image.fromarray(image) for image in samples.inputs.permute(0, 2, 3, 1).numpy()]
        self.labels = samples.labels["digit"].tolist()
        self.transform = transforms.Compose(
            [transforms.RandomHorizontalFlip(), transforms.RandomCrop(32, padding=4), transforms.ToTensor()]
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int):
        return self.transform(self.images[i]), self.labels[i]


def article_loop(samples: Samples, device: torch.device) -> Callable[[int], float]:
    """Seconds for so many steps of the article's loop."""
    network = ArticleNet().build(ImageInput(3, 32, 32), {"digit": 10}).to(device)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    loader = DataLoader(Pictures(samples), batch_size=BATCH, shuffle=True, drop_last=True)

    def run(steps: int) -> float:
        begun, done = time.perf_counter(), 0
        while done < steps:
            for images, labels in loader:
                images, labels = images.to(device), labels.to(device)
                optimizer.zero_grad()
                loss = F.cross_entropy(network(images)["digit"], labels)
                loss.backward()
                optimizer.step()
                done += 1
                if done == steps:
                    break
        synchronize(device)
        return time.perf_counter() - begun

    return run


def bare_loop(samples: Samples, device: torch.device, precision: str) -> Callable[[int], float]:
    """Seconds for so many steps on one fixed batch: the lower bound for this network."""
    network = ArticleNet().build(ImageInput(3, 32, 32), {"digit": 10})
    network = network.to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, fused=device.type in ("cpu", "cuda"))
    images = (samples.inputs[:BATCH].float() / 255).to(device, memory_format=torch.channels_last)
    labels = samples.labels["digit"][:BATCH].to(device)

    def run(steps: int) -> float:
        begun = time.perf_counter()
        for _ in range(steps):
            optimizer.zero_grad()
            with autocast_context(device, precision):
                loss = F.cross_entropy(network(images)["digit"], labels)
            loss.backward()
            optimizer.step()
        synchronize(device)
        return time.perf_counter() - begun

    return run


def xfer_loop(precision: str, device: torch.device, data) -> Callable[[int], tuple[float, float]]:
    """Seconds of training steps and of evaluation, for so many steps of Xfer's own loop."""

    def run(steps: int) -> tuple[float, float]:
        form = TrainingConfig(
            steps=steps,
            batch_size=BATCH,
            optimizer=SGD(lr=0.01, momentum=0.9),
            augment=AUGMENT,
            precision=precision,  # pyright: ignore[reportArgumentType]
            device=str(device),
            evaluations=2,
        )
        trainer = Trainer(PROBLEM, ArticleNet(), SourceOnly(), form, seed=0, data=data)
        result = trainer.run()
        return trainer.train_seconds, result.seconds - trainer.train_seconds

    return run


def draw_seconds(samples: Samples, device: torch.device, steps: int) -> float:
    """Seconds to sample and augment so many batches, without training."""
    stream = ImageSampler(samples.inputs, samples.labels, AUGMENT, torch.Generator(device).manual_seed(0), device)
    begun = time.perf_counter()
    for _ in range(steps):
        stream.next_batch(BATCH)
    synchronize(device)
    return time.perf_counter() - begun


def measure(steps: int, rounds: int) -> dict:
    """All contenders in turn, ``rounds`` times after one warm-up; speeds in samples/s, ratios within each round."""
    device = select_device("auto")
    data = split_problem(PROBLEM, seed=0)
    samples = data.training["digits.handwritten"].labelled
    precisions = ["float32", *(["bf16"] if has_bf16(device) else [])]
    article = article_loop(samples, device)
    bare = {precision: bare_loop(samples, device, precision) for precision in precisions}
    xfer = {precision: xfer_loop(precision, device, data) for precision in precisions}
    rows: dict[str, list[float]] = {}
    for turn in range(rounds + 1):
        seconds = {"article": article(steps), "drawing": draw_seconds(samples, device, steps)}
        for precision in precisions:
            seconds[f"bare {precision}"] = bare[precision](steps)
            seconds[f"xfer {precision}"], seconds[f"evaluation {precision}"] = xfer[precision](steps)
        if turn:  # the first is the warm-up
            for name, value in seconds.items():
                rows.setdefault(name, []).append(value)
    speeds = {name: steps * BATCH / statistics.median(rows[name]) for name in rows if not name.startswith("evaluation")}
    ratios = {}
    for precision in precisions:
        ours = rows[f"xfer {precision}"]
        ratios[f"against the article's loop, {precision}"] = ratio(rows["article"], ours)
        ratios[f"against bare compute, {precision}"] = ratio(rows[f"bare {precision}"], ours)
    step = {name: 1000 * statistics.median(values) / steps for name, values in rows.items()}
    remainder = {
        precision: {
            "bare compute": step[f"bare {precision}"],
            "drawing and augmenting the batch": step["drawing"],
            "terms, λ, logging and progress": step[f"xfer {precision}"] - step[f"bare {precision}"] - step["drawing"],
            "whole training step": step[f"xfer {precision}"],
            "evaluation, outside the step": step[f"evaluation {precision}"],
        }
        for precision in precisions
    }
    return {
        "device": device_name(device),
        "processor": torch.cpu.get_capabilities()["cpu_name"] if hasattr(torch.cpu, "get_capabilities") else "",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "samples_per_second": speeds,
        "ratios": ratios,
        "milliseconds_a_step": remainder,
        "bf16": has_bf16(device),
    }


def ratio(theirs: list[float], ours: list[float]) -> dict[str, float]:
    """How many times as fast ours is, turn by turn: median, least and most."""
    pairs = np.array(theirs) / np.array(ours)
    return {"median": float(np.median(pairs)), "min": float(pairs.min()), "max": float(pairs.max())}


def ratio_words(found: dict[str, float]) -> str:
    """Such as "×1.48  (1.19 to 2.13)"."""
    return f"×{found['median']:.2f}  ({found['min']:.2f} to {found['max']:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--steps", type=int, default=60, help="steps of each contender a round")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    found = measure(options.steps, options.rounds)
    if options.json:
        print(json.dumps(found))
        return
    print(f"{found['device']} {found['processor']}, {found['threads']} threads, torch {found['torch']}")
    for name, speed in found["samples_per_second"].items():
        print(f"  {name:<44}{speed:>12,.0f} samples/s")
    for name, found_ratio in found["ratios"].items():
        print(f"  {name:<44}{ratio_words(found_ratio)}")
    for precision, items in found["milliseconds_a_step"].items():
        print(f"  milliseconds a step, {precision}:")
        for name, value in items.items():
            print(f"    {name:<42}{value:>8.2f}")
    if not found["bf16"]:
        print("  this device has no bfloat16 arithmetic: no bf16 row")


if __name__ == "__main__":
    main()
