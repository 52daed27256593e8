"""The article's experiment on 20,000 pictures of CIFAR-10, for ``docs/RESULTS.md``.

``python -m benchmarks.article ZIP [--seeds N] [--steps N]`` imports the zip as own pictures, runs the experiments in
the foreground, prints their tables, and keeps them in ``benchmarks/article.json``, from which ``benchmarks.accuracy``
writes them to the page. Stopped and started again, it goes on with the runs that are there; a table that is kept
already is not made again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from xfer_core.experiments.presets import ARTICLE_TRAINING, ARTICLE_VIEW
from xfer_core.exports.experiments.markdown import content
from xfer_core.exports.experiments.results import gather_results
from xfer_core.files import write_whole
from xfer_core.imports import examine, imported, store
from xfer_core.runs.store import open_store

FILE = Path(__file__).with_name("article.json")
SLUG = "cifar10_jpeg"
SOURCE = (f'problem.source=["own.{SLUG}"]',)
CROPPED = ('training.augment=["flip","crop"]',)
TARGET = (f'problem.target=["own.{SLUG}?{ARTICLE_VIEW}"]',)
EXPERIMENTS: dict[str, tuple[str, str, Sequence[str]]] = {
    "As it is meant": ("article-meant", "5,50", (*SOURCE, *CROPPED)),
    "As it is written": ("article-written", "all", (*SOURCE, 'training.augment=["flip"]')),
    "Other methods, as it is meant": (
        "compare", "5", (*SOURCE, *TARGET, *ARTICLE_TRAINING, *CROPPED, "methods=target_only,joint,coral,dann")
    ),
}  # fmt: skip


def run(preset: str, budgets: str, settings: Sequence[str], seeds: int) -> str:
    """Run an experiment, or go on with it; its table in Markdown."""
    wanted = [part for setting in settings for part in ("--set", setting)]
    command = [sys.executable, "-m", "xfer_core", "experiment", preset, "--budgets", budgets, "--seeds", str(seeds)]
    said = subprocess.run([*command, *wanted, "--json"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return content(gather_results(open_store(), json.loads(said)["experiment"])).decode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("zip", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=500)
    options = parser.parse_args()
    if SLUG not in imported():
        store(examine(options.zip), SLUG)
    shared = (f"training.steps={options.steps}", "training.evaluations=5")
    tables: dict[str, str] = json.loads(FILE.read_text()) if FILE.exists() else {}
    for title, (preset, budgets, settings) in EXPERIMENTS.items():
        if title not in tables:
            tables[title] = run(preset, budgets, (*settings, *shared), options.seeds)
            write_whole(FILE, json.dumps(tables, indent=1, ensure_ascii=False).encode() + b"\n")
        print(f"{title}\n\n{tables[title]}", flush=True)


if __name__ == "__main__":
    main()
