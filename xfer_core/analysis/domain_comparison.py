"""Two domains side by side: how far apart they are, and which kind of shift lies between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from xfer_core.analysis.input_statistics import InputStatistic, as_labels, input_statistics, typical_tokens
from xfer_core.analysis.paired_samples import PairedSamples, paired_samples
from xfer_core.analysis.projection import fit_pca, tsne
from xfer_core.errors import XferError
from xfer_core.measures import (
    ConceptShift,
    CovariateShift,
    class_conditional_gap,
    concept_shift,
    covariate_shift,
    label_shift,
    label_shift_by_chance,
    proxy_a_distance,
)

DOTS = 300  # samples of each domain in the map: more dots hide each other
LEAST_OF_CLASS = 5  # samples of a class in each domain, to measure its gap or balance it
BINS = 10  # of the values of a regression, each with a tenth of both domains together
STEPS = 5

Progress = Callable[[float], object]


@dataclass(frozen=True)
class LabelShift:
    """How much the labels differ in frequency.

    Attributes:
        distance: total variation, 0 to 1.
        by_chance: what equal distributions exceed one time in twenty.
        frequencies: of each class in both domains, (2, C) in fractions; of a regression, of ten intervals of values.
    """

    distance: float
    by_chance: float
    frequencies: np.ndarray

    @property
    def is_clear(self) -> bool:
        """Whether it is more than chance does, and at least 2 of 100 samples."""
        return self.distance > max(self.by_chance, 0.02)


@dataclass(frozen=True)
class DomainComparison:
    """What is known of two domains.

    Attributes:
        keys: the references.
        samples: how many of each were measured.
        task: the common task whose labels are compared; empty for none.
        classes: of both domains; none for a regression.
        covariate: of the inputs.
        balanced: the proxy A-distance of samples with the same frequencies of the classes; None if too few are common.
        label: of the labels; None without a common task.
        concept: of the meaning of the labels; None if it cannot be measured.
        concept_error: why not.
        gaps: class → distance of its two means, in units of its spread; classes of too few samples are left out.
        statistics: of pixels, columns or texts.
        typical: tokens that tell each domain from the other; None for other inputs than texts.
        points: a row for each sample in the map: ``moment`` (0), ``domain``, ``label``, ``x``, ``y``.
        share: explained variance of the map, 0 to 1.
        features: of the samples in the map, float32 (rows, D), for another map.
    """

    keys: tuple[str, str]
    samples: tuple[int, int]
    task: str
    classes: tuple[str, ...]
    covariate: CovariateShift
    balanced: float | None
    label: LabelShift | None
    concept: ConceptShift | None
    concept_error: XferError | None
    gaps: dict[str, float]
    statistics: list[InputStatistic]
    typical: tuple[list[str], list[str]] | None
    points: pd.DataFrame
    share: float
    features: np.ndarray


def compare_domains(
    first: str, second: str, task: str = "", progress: Progress | None = None, seed: int = 0
) -> DomainComparison:
    """Compare two domains by at most 1,000 samples of each.

    Args:
        first: a reference; the source where a direction matters.
        second: another one.
        task: whose labels are compared; empty: their first common one.
        progress: called with the fraction that is done.
        seed: of the samples and of all that is random.

    Raises:
        XferError: as :func:`paired_samples`; ``constant`` if all inputs are equal.
    """
    done = 0

    def tell() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done / STEPS)

    samples = paired_samples(first, second, task, seed=seed)
    tell()
    points, share, shown = _map(samples)
    covariate = covariate_shift(*samples.features, seed=seed)
    tell()
    balanced = _balanced_distance(samples, seed)
    tell()
    concept, why = _concept(samples, seed)
    tell()
    found = DomainComparison(
        keys=samples.keys,
        samples=(len(samples.prepared[0]), len(samples.prepared[1])),
        task=samples.task,
        classes=samples.classes,
        covariate=covariate,
        balanced=balanced,
        label=_label_shift(samples, seed),
        concept=concept,
        concept_error=why,
        gaps=_gaps(samples),
        statistics=input_statistics(samples),
        typical=typical_tokens(samples),
        points=points,
        share=share,
        features=shown,
    )
    tell()
    return found


def neighbour_map(compared: DomainComparison, progress: Progress | None = None) -> pd.DataFrame:
    """The same samples by t-SNE, as ``DomainComparison.points``.

    Raises:
        XferError: ``few_samples``.
    """
    places = tsne(compared.features, progress)
    return compared.points.assign(x=places[:, 0], y=places[:, 1])


def _map(samples: PairedSamples) -> tuple[pd.DataFrame, float, np.ndarray]:
    """At most ``DOTS`` samples of each domain in the plane of their largest variance: rows, its share, features."""
    shown = [features[:DOTS].numpy() for features in samples.features]
    plane = fit_pca(shown)
    tables = []
    for number, key in enumerate(samples.keys):
        x, y = plane.project(shown[number].astype(np.float64)).T
        labels = samples.labels[number][:DOTS].tolist() if samples.labels else [""] * len(x)
        names = [samples.classes[int(label)] for label in labels] if samples.classes else labels
        tables.append(pd.DataFrame({"moment": 0, "domain": key, "label": names, "x": x, "y": y}))
    return pd.concat(tables, ignore_index=True), plane.share, np.concatenate(shown)


def _label_shift(samples: PairedSamples, seed: int) -> LabelShift | None:
    if samples.all_labels is None:
        return None
    first, second = samples.all_labels
    count = len(samples.classes)
    if not count:
        both = torch.cat([first, second]).double()
        edges = both.quantile(torch.linspace(0, 1, BINS + 1, dtype=torch.float64)[1:-1])
        first, second, count = as_labels(first.double(), edges), as_labels(second.double(), edges), BINS
    frequencies = np.stack([one.bincount(minlength=count).numpy() / len(one) for one in (first, second)])
    return LabelShift(label_shift(first, second), label_shift_by_chance(first, second, seed=seed), frequencies)


def _concept(samples: PairedSamples, seed: int) -> tuple[ConceptShift | None, XferError | None]:
    if samples.labels is None or not samples.classes:
        return None, None
    (first, second), (y, z) = samples.features, samples.labels
    try:
        return concept_shift(first, y, second, z, seed), None
    except XferError as error:
        return None, error


def _of_classes(samples: PairedSamples) -> dict[str, tuple[Tensor, Tensor]]:
    """Class → the features of its samples in both domains, of those classes that have enough in each."""
    found: dict[str, tuple[Tensor, Tensor]] = {}
    for number, name in enumerate(samples.classes if samples.labels else ()):
        assert samples.labels is not None
        first, second = (x[y == number] for x, y in zip(samples.features, samples.labels, strict=True))
        if min(len(first), len(second)) >= LEAST_OF_CLASS:
            found[name] = first, second
    return found


def _balanced_distance(samples: PairedSamples, seed: int) -> float | None:
    """The proxy A-distance with as many samples of each class in both domains."""
    parts = _of_classes(samples)
    if not parts:
        return None
    counts = {name: min(map(len, both)) for name, both in parts.items()}
    first, second = (torch.cat([both[i][: counts[name]] for name, both in parts.items()]) for i in (0, 1))
    return proxy_a_distance(first, second, seed)


def _gaps(samples: PairedSamples) -> dict[str, float]:
    gaps: dict[str, float] = {}
    for name, (first, second) in _of_classes(samples).items():
        same = [torch.zeros(len(part), dtype=torch.int64) for part in (first, second)]
        try:
            gaps[name] = class_conditional_gap(first, same[0], second, same[1])
        except XferError:  # all samples of the class are equal
            continue
    return gaps
