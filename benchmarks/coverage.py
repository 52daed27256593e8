"""Simulated coverage of the 95 % interval over seeds, and rate of false positives.

``python -m benchmarks.coverage [--draws N] [--json]`` simulates experiments with known effects and prints, for each
distribution of the paired differences and for 5, 10 and 20 seeds: the share of intervals that cover the true mean,
without an effect and with one of a standard deviation; the share of differences that are called clear without an
effect; the same for at least one of six conditions compared with one reference; and whether the measured differences
of this project are nearly normal, as the interval assumes.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np

from xfer_core.analysis.intervals import CONFIDENCE, holm, t_interval
from xfer_core.showcases.measured import known

SEEDS, DRAWS, ARMS = (5, 10, 20), 2000, 6


def measured_differences() -> list[np.ndarray]:
    """Seed by seed, what differs between any two methods of one problem in ``xfer_core/showcases/accuracy.json``."""
    problems: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for name, found in known().items():
        problems[name.partition(".")[0]].append(found["seeds"])
    pairs = (pair for recipes in problems.values() for pair in combinations(recipes, 2))
    found = [
        np.array([own[seed]["value"] - other[seed]["value"] for seed in own if seed in other]) for own, other in pairs
    ]
    return [differences for differences in found if len(differences) > 3 and differences.std()]


def foretold() -> tuple[float, int]:
    """Whether measured differences are nearly normal: how often one seed lies in the prediction interval of the others.

    A further normal value lies in x̄ ∓ t_{n−1} · s · √(1 + 1/n) of n others in exactly 95 % of all cases,
    whatever their mean and spread. Returned are that share over every seed of every pair, and the number of pairs.
    """
    pairs, inside = measured_differences(), []
    for differences in pairs:
        for i, left_out in enumerate(differences):
            others = np.delete(differences, i)
            low, high, _ = t_interval(others)
            half = (high - low) / 2 * np.sqrt(len(others) + 1)  # from s / √n to s · √(1 + 1/n)
            inside.append(abs(left_out - others.mean()) <= half)
    return float(np.mean(inside)), len(pairs)


Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
SHAPES: dict[str, Draw] = {  # each with mean 0 and standard deviation 1
    "normal": lambda random, size: random.normal(size=size),
    "skewed (gamma, skewness 2/3)": lambda random, size: (random.gamma(9, size=size) - 9) / 3,
    "heavy tails (t with 5 degrees)": lambda random, size: random.standard_t(5, size=size) * np.sqrt(3 / 5),
}


def coverage(shape: str, seeds: int, effect: float, draws: int = DRAWS) -> float:
    """The share of intervals over ``seeds`` differences that cover the true mean ``effect``, in standard deviations."""
    random = np.random.default_rng([seeds, int(100 * effect)])
    values = effect + SHAPES[shape](random, (draws, seeds))
    low, high, _ = t_interval(values)
    return float(((low <= effect) & (effect <= high)).mean())


def clear_by_chance(shape: str, seeds: int, draws: int = DRAWS) -> float:
    """The share of differences that a single comparison calls clear without an effect."""
    return float((t_interval(SHAPES[shape](np.random.default_rng(seeds), (draws, seeds)))[2] < 1 - CONFIDENCE).mean())


def family_error(seeds: int, arms: int = ARMS, draws: int = DRAWS) -> tuple[float, float]:
    """The share of experiments that call a condition clear although all are equal: without and with adjustment.

    Every condition and the reference are normal and independent; the differences share the reference.
    """
    values = np.random.default_rng(seeds).normal(size=(draws, arms + 1, seeds))
    p = t_interval(values[:, 1:] - values[:, :1])[2]  # (draws, conditions)
    alone, together = ((each < 1 - CONFIDENCE).any(1).mean() for each in (p, holm(p)))
    return float(alone), float(together)


def measure(draws: int = DRAWS) -> list[dict[str, Any]]:
    """One row per distribution and number of seeds; fractions."""
    return [
        {
            "differences": shape,
            "seeds": seeds,
            "covered": coverage(shape, seeds, 0, draws),
            "covered_with_effect": coverage(shape, seeds, 1, draws),
            "clear_by_chance": clear_by_chance(shape, seeds, draws),
        }
        for shape in SHAPES
        for seeds in SEEDS
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=DRAWS, help="simulated experiments a row")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = measure(options.draws)
    families = [dict(zip(("seeds", "alone", "adjusted"), (n, *family_error(n, ARMS, options.draws)), strict=True))
                for n in SEEDS]  # fmt: skip
    if options.json:
        print(json.dumps({"draws": options.draws, "intervals": rows, "families": families, "foretold": foretold()}))
        return
    print(f"{options.draws} simulated experiments a row; an interval should cover in 95 %, chance be clear in 5 %.\n")
    print(f"{'differences':<32}{'seeds':>6}{'covered':>10}{'with effect':>13}{'clear by chance':>17}")
    for row in rows:
        print(f"{row['differences']:<32}{row['seeds']:>6}{row['covered']:>10.1%}{row['covered_with_effect']:>13.1%}"
              f"{row['clear_by_chance']:>17.1%}")  # fmt: skip
    print(f"\nAt least one of {ARMS} conditions clear against one reference although all are equal:")
    for row in families:
        print(
            f"{row['seeds']:>4} seeds: {row['alone']:.1%} if each is judged by itself, {row['adjusted']:.1%} after Holm"
        )
    share, pairs = foretold()
    print(
        f"\nMeasured differences, {pairs} pairs of methods: one seed lies in the 95 % interval that the others foretell"
    )
    print(f"in {share:.1%} of all cases (in 95 % if they are normal).")


if __name__ == "__main__":
    main()
