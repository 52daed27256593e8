"""Statistics of the inputs of two domains: of pixels, columns or tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xfer_core.analysis.paired_samples import PairedSamples
from xfer_core.domains import domain_info
from xfer_core.modalities import ImageInput, InputSpec, TableInput, TextInput
from xfer_core.modalities.text import decode_texts

TYPICAL = 10  # tokens of each domain
LEAST_COUNT = 3  # texts that a typical token occurs in


@dataclass(frozen=True)
class InputStatistic:
    """One number per sample, in both domains.

    Attributes:
        name: such as ``brightness``, or a column's name.
        is_column: whether the name is from the data, and not to be translated.
        means: of both domains.
        deviations: standard deviations of both.
        difference: (second mean − first mean) / pooled standard deviation, Cohen's d; None if all values are equal.
    """

    name: str
    is_column: bool
    means: tuple[float, float]
    deviations: tuple[float, float]
    difference: float | None


def input_statistics(samples: PairedSamples) -> list[InputStatistic]:
    """Statistics of pixels, columns or texts, the most different ones first."""
    spec = samples.spec
    tables: list[Mapping[str, np.ndarray]] = []
    for key, raw, prepared in zip(samples.keys, samples.raw, samples.prepared, strict=True):
        own = domain_info(key).spec
        tables.append(sample_statistics(own, prepared if isinstance(spec, ImageInput) else raw))
    first, second = tables
    found = [
        _statistic(name, isinstance(spec, TableInput), first[name], second[name]) for name in first if name in second
    ]
    return sorted(found, key=lambda one: -abs(one.difference or 0))


def sample_statistics(spec: InputSpec, raw: Tensor) -> dict[str, np.ndarray]:
    """Name of a statistic → one number per sample, (N,); NaN where a value is missing.

    Args:
        spec: of the samples.
        raw: (N, *raw shape).
    """
    if isinstance(spec, ImageInput):
        return _pixels(raw)
    return _columns(spec, raw) if isinstance(spec, TableInput) else _texts(decode_texts(raw))


def typical_tokens(samples: PairedSamples, most: int = TYPICAL) -> tuple[list[str], list[str]] | None:
    """The tokens that tell one domain from the other best; None if inputs are no texts.

    They have the largest log-odds log((a + 1) / (N − a + 1)) − log((b + 1) / (M − b + 1)), where a of N texts of the
    domain and b of M texts of the other hold the token, among those in at least 3 texts.
    """
    spec = samples.spec
    if not isinstance(spec, TextInput):
        return None
    analyze = spec.analyze()
    counts = [Counter(token for text in decode_texts(raw) for token in set(analyze(text))) for raw in samples.raw]
    sizes = [len(raw) for raw in samples.raw]
    odds = {
        token: _log_odds(counts[0][token], sizes[0]) - _log_odds(counts[1][token], sizes[1])
        for token in sorted({*counts[0], *counts[1]})
        if token.strip() and max(counts[0][token], counts[1][token]) >= LEAST_COUNT
    }
    order = sorted(odds, key=lambda token: -odds[token])
    return [one for one in order[:most] if odds[one] > 0], [one for one in order[::-1][:most] if odds[one] < 0]


def _log_odds(count: int, texts: int) -> float:
    return float(np.log((count + 1) / (texts - count + 1)))


def _statistic(name: str, is_column: bool, first: np.ndarray, second: np.ndarray) -> InputStatistic:
    both = [values[np.isfinite(values)] for values in (first, second)]
    means = tuple(float(values.mean()) if len(values) else float("nan") for values in both)
    deviations = tuple(float(values.std()) if len(values) else float("nan") for values in both)
    pooled = float(np.sqrt((deviations[0] ** 2 + deviations[1] ** 2) / 2))
    difference = (means[1] - means[0]) / pooled if pooled > 1e-12 else None
    if difference is not None and not np.isfinite(difference):
        difference = None
    return InputStatistic(name, is_column, means, deviations, difference)  # pyright: ignore[reportArgumentType]


def _pixels(images: Tensor) -> dict[str, np.ndarray]:
    """Of images uint8 (N, C, H, W), one number each, all from 0 to 1: brightness, contrast (standard deviation of the
    grey values), edges (mean difference of neighbouring grey values) and colour (largest minus smallest channel)."""
    values = images.float() / 255
    grey = values.mean(1)  # (N, H, W)
    down, aside = grey.diff(dim=1).abs().mean((1, 2)), grey.diff(dim=2).abs().mean((1, 2))
    found = {
        "brightness": grey.mean((1, 2)),
        "contrast": grey.flatten(1).std(1, correction=0),
        "edges": (down + aside) / 2,
    }
    if images.shape[1] == 3:
        found["colour"] = (values.amax(1) - values.amin(1)).mean((1, 2))
    return {name: one.numpy() for name, one in found.items()}


def _columns(spec: TableInput, rows: Tensor) -> dict[str, np.ndarray]:
    """Of raw rows (N, columns): each number, and for each category 0 or 1; NaN for a missing value."""
    found: dict[str, np.ndarray] = {}
    for column, values in zip(spec.columns, rows.double().T.numpy(), strict=True):
        if not column.categories:
            found[column.title] = values
        for index, category in enumerate(column.categories):
            found[f"{column.name} = {category}"] = np.where(np.isnan(values), np.nan, values == index)
    return found


def _texts(texts: list[str]) -> dict[str, np.ndarray]:
    """Of each text: its letters, its words, and the letters of a word."""
    count: Callable[[list[str]], np.ndarray] = lambda values: np.array([len(one) for one in values], float)  # noqa: E731
    letters, words = count(texts), np.array([len(one.split()) for one in texts], float)
    return {"letters": letters, "words": words, "letters per word": letters / np.maximum(words, 1)}


def as_labels(values: Tensor, edges: Tensor) -> Tensor:
    """Values (N,) as the number of the interval between these edges, int64 (N,)."""
    return torch.bucketize(values, edges)
