"""Product reviews of Amazon, from one product to another, against tf-idf with logistic regression.

``python -m benchmarks.reviews FOLDER [--seeds 0 1 2 3 4] [--results FILE]`` reads Blitzer's reviews (one folder per
product, with ``positive.review`` and ``negative.review``), trains every condition on every pair, appends each run to
FILE as it ends, and prints the table. A run that FILE holds already is not trained again; ``--seeds`` without numbers
only prints.

With seed 0 each condition is trained with and without batch norm. The one with the higher accuracy on the source's
validation samples is trained with the other seeds and stands in the table; no label of the target is used for it.
tf-idf is fitted on all texts of the source and tested on the same target test samples as the networks.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from xfer_core import Card, Domain, DomainInfo, NullCallback, RunSpec, Task, TextInput, parse_spec, registry
from xfer_core.analysis.accuracy import format_mean_std, mean_std
from xfer_core.imports.review_files import CLASSES, read_reviews
from xfer_core.modalities.text import decode_texts, encode_texts
from xfer_core.problems.problem import Problem, ProblemData, split_problem
from xfer_core.runs.spec import metric_name
from xfer_core.runs.train import trainer_for

PRODUCTS = ("books", "dvd", "electronics", "kitchen")
PAIRS = (("books", "dvd"), ("electronics", "kitchen"), ("kitchen", "books"))
STATED = {("books", "dvd"): 0.774, ("electronics", "kitchen"): 0.833, ("kitchen", "books"): 0.682}  # to beat
SPEC = TextInput(length=3000, tokens=800, analyzer="word", vocabulary=10_000, words=2)
CONDITIONS = (  # strategy, labels per class of the target
    ("source_only", 0),
    ("adabn", 0),
    ("dann", 0),
    ("joint", 10),
    ("dann", 10),
)
NORMS = (False, True)
CHOICE = 0  # the seed that decides about batch norm
STEPS = 300
REFERENCE = "tf-idf"
CARD = Card("Reviews", "Is this review positive?", "Blitzer, Dredze and Pereira 2007", "for research", "title and text")
Row = dict[str, Any]


def labelled_reviews(folder: Path) -> tuple[list[str], list[int]]:
    """Title and text of each review of a product, and its label."""
    texts: list[str] = []
    labels: list[int] = []
    for label, name in enumerate(CLASSES):
        found = read_reviews((folder / f"{name}.review").read_bytes(), name, [])
        texts += found
        labels += [label] * len(found)
    return texts, labels


def add_domains(folder: Path) -> None:
    """Make the reviews of each product a domain ``reviews.PRODUCT``."""
    for product in PRODUCTS:
        texts, labels = labelled_reviews(folder / product)

        def build(product: str = product, texts: list[str] = texts, labels: list[int] = labels) -> Domain:
            task = Task("sentiment", torch.tensor(labels), CLASSES)
            inputs, ids = encode_texts(texts, SPEC.length), torch.arange(len(texts))
            return Domain(f"reviews.{product}", CARD, product, inputs, ids, {"sentiment": task})

        info = DomainInfo(CARD, len(texts), SPEC, {"sentiment": CLASSES}, build)
        registry().add(f"reviews.{product}", info)


def spec_of(pair: tuple[str, str], kind: str, labels: int, norm: bool, seed: int) -> RunSpec:
    """The run of a condition."""
    tree = {
        "problem": {
            "source": [f"reviews.{pair[0]}"],
            "target": [f"reviews.{pair[1]}"],
            "labels_per_class": labels,
        },
        "strategy": {"kind": kind},
        "network": {"kind": "embedding_bag", "batch_norm": norm},
        "training": {"steps": STEPS, "evaluations": 5, "precision": "float32"},
        "seed": seed,
    }
    return parse_spec(tree)


class LastValues(NullCallback):
    """Keeps the last value of every scalar."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}

    def on_metrics(self, points: Sequence[tuple[str, int, float]], progress: dict[str, Any]) -> None:
        """Keep them."""
        self.values |= {name: value for name, _, value in points}


@lru_cache(2)
def _split(problem: str, seed: int) -> ProblemData:
    return split_problem(Problem.model_validate_json(problem), seed)


def split_once(problem: Problem, seed: int) -> ProblemData:
    """Tokens take longer than training: they are made once for the conditions of a pair."""
    return _split(problem.model_dump_json(), seed)


def train(pair: tuple[str, str], kind: str, labels: int, norm: bool, seed: int) -> Row:
    """One run: its accuracies after the last step."""
    spec, last = spec_of(pair, kind, labels, norm, seed), LastValues()
    result = trainer_for(spec, callback=last, data=split_once(spec.problem, seed)).run()
    source, target = (metric_name(spec.problem, f"reviews.{product}", "sentiment", "test") for product in pair)
    validation = last.values[metric_name(spec.problem, f"reviews.{pair[0]}", "sentiment", "validation")]
    return {"validation": validation, "source": result.metrics[source], "target": result.metrics[target]}


def reference(pair: tuple[str, str], words: int, seed: int) -> Row:
    """tf-idf with logistic regression, on all texts of the source."""
    domain = registry().load(f"reviews.{pair[0]}")
    spec = spec_of(pair, "source_only", 0, False, seed)
    data = split_once(spec.problem, seed)
    test = data.held_out[f"reviews.{pair[1]}", "test"]
    vectors = TfidfVectorizer(ngram_range=(1, words), sublinear_tf=words > 1)
    model = LogisticRegression(max_iter=1000)
    model.fit(vectors.fit_transform(decode_texts(domain.inputs)), domain.tasks["sentiment"].labels.numpy())
    texts = decode_texts(test.inputs[:, data.input_spec.shape[0] - SPEC.length :])
    labels: Tensor = test.labels["sentiment"]
    return {"target": float(model.score(vectors.transform(texts), labels.numpy()))}


def jobs(seeds: Iterable[int], rows: Sequence[Row]) -> Iterable[Row]:
    """Every run, seed by seed, so that an interruption leaves rows of equal length.

    Args:
        seeds: to train; seed 0 is always among them, because it decides about batch norm.
        rows: the results, which grow while this is read.
    """
    for seed in sorted({CHOICE, *seeds}):
        for pair in PAIRS:
            for words in (1, 2):
                yield {"pair": list(pair), "kind": REFERENCE, "labels": 0, "words": words, "seed": seed}
            for kind, labels in CONDITIONS:
                norms = NORMS if kind != "adabn" else (True,)
                if seed != CHOICE:
                    norms = (chosen_norm(rows, pair, kind, labels),)
                for norm in norms:
                    yield {"pair": list(pair), "kind": kind, "labels": labels, "norm": norm, "seed": seed}


def measure(job: Row) -> Row:
    """One run of :func:`jobs`, with its results."""
    pair = tuple(job["pair"])
    if job["kind"] == REFERENCE:
        return {**job, **reference(pair, job["words"], job["seed"])}
    return {**job, **train(pair, job["kind"], job["labels"], job["norm"], job["seed"])}


def chosen_norm(rows: Sequence[Row], pair: tuple[str, str], kind: str, labels: int) -> bool:
    """Whether a condition has batch norm: what has the higher accuracy on the source's validation samples, seed 0."""
    wanted = {"pair": list(pair), "kind": kind, "labels": labels, "seed": CHOICE}
    return max((row for row in rows if wanted.items() <= row.items()), key=lambda row: row["validation"])["norm"]


def table(rows: Sequence[Row]) -> str:
    """Accuracy on the target's test samples as Markdown: a line per condition, a column per pair; percent, mean ±
    standard deviation over seeds."""

    def cell(rows: list[Row], pair: tuple[str, str]) -> str:
        values = [row["target"] for row in rows]
        word = "" if "norm" not in rows[0] else " (bn)" if rows[0]["norm"] else ""
        mark = "**" if sum(values) / len(values) > STATED[pair] else ""
        return f"{mark}{format_mean_std(mean_std(values))}{mark}{word}"

    def of(pair: tuple[str, str], **wanted: Any) -> list[Row]:
        wanted["pair"] = list(pair)
        return [row for row in rows if wanted.items() <= row.items()]

    lines = ["| condition | labels per class | " + " | ".join(f"{a} → {b}" for a, b in PAIRS) + " |"]
    lines += ["|---|---|" + "---|" * len(PAIRS)]
    lines += ["| stated reference | 0 | " + " | ".join(f"{100 * STATED[pair]:.1f}" for pair in PAIRS) + " |"]
    for words in (1, 2):
        cells = [of(pair, kind=REFERENCE, words=words) for pair in PAIRS]
        if all(cells):
            name = "tf-idf, words" if words == 1 else "tf-idf, words and pairs"
            lines.append(f"| {name} | 0 | " + " | ".join(map(cell, cells, PAIRS)) + " |")
    for kind, labels in CONDITIONS:
        found = [of(pair, kind=kind, labels=labels) for pair in PAIRS]
        if all(found):
            norms = [chosen_norm(rows, pair, kind, labels) for pair in PAIRS]
            cells = [
                cell(of(pair, kind=kind, labels=labels, norm=norm), pair)
                for pair, norm in zip(PAIRS, norms, strict=True)
            ]
            lines.append(f"| `{kind}` | {labels} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="with books/positive.review and so on")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2, 3, 4])
    parser.add_argument("--results", type=Path, default=Path("reviews.jsonl"), help="one run per line")
    options = parser.parse_args()
    torch.set_num_threads(1)  # bags of this size gain nothing from more
    add_domains(options.folder)
    rows = [json.loads(line) for line in options.results.read_text().splitlines()] if options.results.exists() else []
    for job in jobs(options.seeds, rows) if options.seeds else ():
        if not any(job.items() <= row.items() for row in rows):
            rows.append(measure(job))
            with options.results.open("a") as file:
                file.write(json.dumps(rows[-1]) + "\n")
    print(table(rows))
    print(f"\n{len({row['seed'] for row in rows})} seeds; bold: above the stated reference; bn: with batch norm")


if __name__ == "__main__":
    main()
