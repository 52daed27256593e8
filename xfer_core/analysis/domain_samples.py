"""One domain by itself: samples of each class, how many there are, and statistics of the inputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from xfer_core.analysis.input_statistics import sample_statistics
from xfer_core.domains import domain_info, load_domain
from xfer_core.modalities import TableInput, TextInput
from xfer_core.modalities.text import decode_texts

MOST = 1000  # samples that statistics are taken of
FREQUENT = 24  # tokens


def class_counts(reference: str, task: str) -> dict[str, int]:
    """Class → number of samples; empty for a regression."""
    found = load_domain(reference).tasks[task]
    counts = torch.bincount(found.labels, minlength=len(found.classes)).tolist() if found.classes else []
    return dict(zip(found.classes, counts, strict=True))


def class_samples(reference: str, task: str, shown: int) -> dict[str, list[int]]:
    """Class → the positions of its first samples, at most ``shown``. Of a regression one group, named by the smallest
    and the largest value: samples at evenly spaced ranks, from the smallest value to the largest."""
    found = load_domain(reference).tasks[task]
    if found.classes:
        places = {
            name: (found.labels == label).nonzero()[:shown, 0].tolist() for label, name in enumerate(found.classes)
        }
        return {name: ids for name, ids in places.items() if ids}
    order = found.labels.argsort()
    ranks = np.linspace(0, len(order) - 1, min(shown, len(order))).round().astype(int)
    ends = " … ".join(f"{float(found.labels[order[end]]):.3g}" for end in (0, -1))
    return {f"{ends} {found.unit}".rstrip(): order[torch.from_numpy(ranks)].tolist()}


def first_texts(reference: str, shown: int) -> list[tuple[str, str]]:
    """The first text of each of the most frequent classes of the first task: (text, class), at most ``shown``."""
    domain = load_domain(reference)
    task = next(iter(domain.tasks))
    counts = class_counts(reference, task)
    samples = class_samples(reference, task, 1)
    names = sorted(samples, key=lambda name: -counts.get(name, 0))[:shown]
    texts = decode_texts(domain.inputs[[samples[name][0] for name in names]])
    return [(text, name) for text, name in zip(texts, names, strict=True)]


def sample_table(reference: str, positions: Sequence[int]) -> pd.DataFrame:
    """Rows or texts as people read them; a missing value is empty.

    Args:
        reference: a domain of rows or of texts.
        positions: of the samples.
    """
    spec, raw = domain_info(reference).spec, load_domain(reference).inputs[list(positions)]
    if isinstance(spec, TextInput):
        return pd.DataFrame({"text": decode_texts(raw)})
    assert isinstance(spec, TableInput)
    found: dict[str, list[object]] = {}
    for column, values in zip(spec.columns, raw.T.tolist(), strict=True):
        names = column.categories
        found[column.title] = [None if one != one else names[int(one)] if names else one for one in values]
    return pd.DataFrame(found)


def plane_points(reference: str, task: str) -> tuple[np.ndarray, np.ndarray]:
    """At most 1,000 samples of two numbers, evenly spaced: (N, 2), and their labels or values, (N,)."""
    domain = load_domain(reference)
    return _some(domain.inputs).numpy(), _some(domain.tasks[task].labels).numpy()


def statistics_table(reference: str) -> pd.DataFrame:
    """A row per statistic (brightness, a column, words …) of at most 1,000 samples: ``name``, ``mean``, ``deviation``,
    ``smallest``, ``largest`` and ``missing``, the fraction without a value."""
    raw = _some(load_domain(reference).inputs)
    rows: list[dict[str, object]] = []
    for name, values in sample_statistics(domain_info(reference).spec, raw).items():
        present = values[np.isfinite(values)]
        row = {"name": name, "missing": 1 - len(present) / max(1, len(values))}
        if len(present):
            row |= {"mean": present.mean(), "deviation": present.std()}
            row |= {"smallest": present.min(), "largest": present.max()}
        rows.append(row)
    return pd.DataFrame(rows, columns=["name", "mean", "deviation", "smallest", "largest", "missing"])


def frequent_tokens(reference: str) -> dict[str, float] | None:
    """Token → fraction of at most 1,000 texts that hold it, the most frequent first; None if inputs are no texts."""
    spec = domain_info(reference).spec
    if not isinstance(spec, TextInput):
        return None
    analyze, texts = spec.analyze(), decode_texts(_some(load_domain(reference).inputs))
    counts = Counter(token for text in texts for token in sorted(set(analyze(text))) if token.strip())
    return {token: count / len(texts) for token, count in counts.most_common(FREQUENT)}


def _some(values: torch.Tensor) -> torch.Tensor:
    """Those of at most 1,000 samples, evenly spaced."""
    return values[:: -(-len(values) // MOST)]
