"""Were sources ranked rightly? Kendall's τ of each measure against the measured gain, for every pair of digits domains.

``python -m benchmarks.ranking [--write]``. Each target is learned with 5 labels per class from scratch and fine-tuned
from every source, in short runs; every run is written to ``benchmarks/ranking.json`` as it ends, so that the program
can be stopped and started again. ``--show`` prints what is there, ``--write`` also writes ``docs/RANKING.md``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from statistics import mean
from typing import Any

from xfer_core.analysis.source_ranking import MEASURES, SourceScore, agreement, compatible_sources, score_source
from xfer_core.domains import domain_info, domain_keys
from xfer_core.experiments.source_ranking import source_experiment
from xfer_core.files import write_whole
from xfer_core.runs.train import trainer_for

FILE = Path(__file__).with_name("ranking.json")
PAGE = Path(__file__).parents[1] / "docs" / "RANKING.md"
TASK, BUDGET, SEEDS, LABELS = "digit", 5, 1, 20
SETTINGS = ("training.steps=150", "training.evaluations=1")
TITLES = {"leep": "LEEP", "logme": "LogME", "h_score": "H-score", "nearest_class_mean": "nearest class mean",
          "a_distance": "proxy A-distance", "mmd": "MMD"}  # fmt: skip

Found = dict[str, dict[str, Any]]


def targets() -> list[str]:
    """The digits domains, in the order of their registry."""
    return [key for key in domain_keys() if key.startswith("digits.") and domain_info(key).tasks.get(TASK)]


def sources_of(target: str) -> list[str]:
    """Every other digits domain that shares classes with it."""
    return [key for key in compatible_sources(target, TASK) if key.startswith("digits.")]


def measure(found: Found, seeds: int) -> None:
    """Score and train what is missing, and write each result as it comes."""
    for seed in range(seeds):
        for target in targets():
            row = found.setdefault(target, {"scores": {}, "accuracy": {}})
            sources = sources_of(target)
            for source in sources:
                if source not in row["scores"]:
                    row["scores"][source] = dict(score_source(source, target, TASK, LABELS).scores)
                    save(found)
            wanted = source_experiment(target, TASK, sources, BUDGET, seed + 1, SETTINGS)
            for spec, _condition in wanted.specs():
                of = spec.problem.source[0] if spec.strategy.kind == "fine_tune" else ""
                if spec.seed != seed or str(seed) in row["accuracy"].get(of, {}):
                    continue
                metrics = trainer_for(spec).run().metrics
                row["accuracy"].setdefault(of, {})[str(seed)] = metrics[spec.target_metric()]
                save(found)


def save(found: Found) -> None:
    """Replace the file of results."""
    write_whole(FILE, (json.dumps(found, indent=1, sort_keys=True) + "\n").encode())


def gains_of(row: Mapping[str, Any]) -> dict[str, float]:
    """Source → mean gain over the seeds that also have a run from scratch."""
    scratch = row["accuracy"].get("", {})
    gains = {
        source: [value - scratch[seed] for seed, value in seeds.items() if seed in scratch]
        for source, seeds in row["accuracy"].items()
        if source
    }
    return {source: mean(values) for source, values in gains.items() if values}


def table(found: Found) -> list[str]:
    """Markdown: τ of each measure for each target, and the mean over targets."""
    head = ["target", "sources", "runs", *(TITLES[name] for name in MEASURES)]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    taus: dict[str, list[float]] = {name: [] for name in MEASURES}
    for target, row in found.items():
        gains = gains_of(row)
        ranked = [SourceScore(source, scores, 0.0) for source, scores in row["scores"].items()]
        cells = []
        for name in MEASURES:
            one = agreement(ranked, gains, name)
            cells.append("–" if one is None else f"{one.tau:+.2f}")
            if one is not None:
                taus[name].append(one.tau)
        runs = sum(map(len, row["accuracy"].values()))
        if gains:
            lines.append(f"| {domain_info(target).card.title} | {len(gains)} | {runs} | " + " | ".join(cells) + " |")
    means = [f"**{mean(values):+.2f}**" if values else "–" for values in taus.values()]
    pairs = sum(len(gains_of(row)) for row in found.values())
    runs = sum(len(seeds) for row in found.values() for seeds in row["accuracy"].values())
    lines.append(f"| **mean** | {pairs} pairs | {runs} | " + " | ".join(means) + " |")
    return lines


def page(found: Found) -> str:
    """The page of the documentation."""
    seeds = {seed for row in found.values() for values in row["accuracy"].values() for seed in values}
    return "\n".join(
        [
            "# Ranking of sources",
            "",
            "Kendall's τ between what a measure says before training and the measured gain of fine-tuning over",
            "training from scratch: 1 if every pair of sources is in the right order, 0 for an order by chance, −1 if",
            "every pair is in the wrong one. Scores see no test sample of seed 0; the other seeds split the data anew.",
            "",
            f"Digits, {BUDGET} labels per class in the target, {SETTINGS[0].partition('=')[2]} steps a run, "
            f"{len(seeds)} seed(s).",
            f"Scores use {LABELS} target labels per class and a quick network of each source",
            "(`xfer_core/analysis/source_ranking.py`).",
            "",
            *table(found),
            "",
            "Printed by `python -m benchmarks.ranking --show`, measured by `python -m benchmarks.ranking`.",
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--show", action="store_true", help="measure nothing")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    found: Found = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    if not options.show:
        measure(found, options.seeds)
    print("\n".join(table(found)))
    if options.write:
        write_whole(PAGE, page(found).encode())


if __name__ == "__main__":
    main()
