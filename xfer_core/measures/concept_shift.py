"""Concept shift: do the same inputs get another label in the other domain?"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.measures.checks import require_equal_width, require_features, require_labels

LEAST_OVERLAP = 50.0  # effective test samples in the region where both domains have inputs
CLEAR = 2.0  # standard errors
LEAST_GAP = 0.05  # of 1: smaller ones are never called clear
PERMUTATIONS = 19
LEVEL = 1 / (1 + PERMUTATIONS)  # rate of false alarms
STRENGTHS = (0.001, 0.03, 1.0, 30.0)  # of the classifier of domains: C of scikit-learn


@dataclass(frozen=True)
class ConceptShift:
    """What a classifier of the source knows of the target, beside one of the target itself.

    Attributes:
        own: balanced accuracy of the target's own classifier on target samples that it has not seen, a fraction.
        other: that of the source's classifier on the same samples.
        gap: how much less often the source's classifier is right where both domains have inputs, a fraction.
        error: standard error of ``gap``.
        overlap: effective number of the target samples there, of ``samples``.
        samples: target samples that both classifiers were tested on.
        p: p value of the permutation test; 1 if the gap is not measurable or too small to be tested.
    """

    own: float
    other: float
    gap: float
    error: float
    overlap: float
    samples: int
    p: float = 1.0

    @property
    def is_measurable(self) -> bool:
        """Whether enough samples lie where both domains have inputs."""
        return self.overlap >= LEAST_OVERLAP

    @property
    def is_clear(self) -> bool:
        """Whether the gap passes the permutation test, to which only a measurable gap above two standard errors and
        above 5 of 100 samples is put."""
        return self.p <= LEVEL

    @property
    def is_worth_testing(self) -> bool:
        """Whether the gap is measurable, above two standard errors, and above 5 of 100 samples."""
        return self.is_measurable and self.gap > max(CLEAR * self.error, LEAST_GAP)


def concept_shift(source: Tensor, source_labels: Tensor, target: Tensor, target_labels: Tensor, seed: int = 0
                  ) -> ConceptShift:  # fmt: skip
    """How much worse a classifier of the source labels the target than the target's own, where their inputs overlap.

    Concept shift is p(y | x) that changes: Moreno-Torres et al. 2012, https://doi.org/10.1016/j.patcog.2011.06.019. A
    classifier of the source also fails in the target because inputs or class frequencies differ. Both are accounted
    for, as far as samples allow:

    * only the classes of both domains are used, the classifiers weigh classes equally, and accuracies are means over
      classes; so other frequencies alone give no gap;
    * each test sample is weighed by w(x) = 4 p(1 − p), where p is the probability, by a logistic regression, that x is
      of the target: 1 where both domains are equally dense, 0 where one of them has no inputs (overlap weights, Li,
      Morgan and Zaslavsky 2018, https://doi.org/10.1080/01621459.2016.1260466). So inputs that the source never saw
      count little. ``overlap`` is (Σ w)² / Σ w² · mean w, an effective number of samples.

    ``gap`` is the weighted mean of [own is right] − [other is right]. Both classifiers are support vector machines with
    a Gaussian kernel and scikit-learn's defaults, on standardised features, trained on as many samples as the smaller
    half has.

    What it cannot tell: where inputs do not overlap, whether labels would mean the same is not in the data. Features
    that leave out what decides the label make equal inputs of unequal ones: then a gap may be a change of what was left
    out. And a classifier of few samples differs from another by chance, which the standard error, of the test samples
    alone, does not include. A permutation test does: within each class the training samples of both domains are dealt
    anew to both classifiers, up to 19 times, and p is 1 / (number of the first time that the gap is as large as
    measured), or 1 / 20 if it never is (Besag and Clifford 1991, https://doi.org/10.1093/biomet/78.2.301). Where each
    class looks the same in both domains, however frequent it is, a gap is so called clear in at most 5 of 100
    comparisons. It is one test for a pair of domains; nothing corrects for the number of pairs that are looked at.

    Args:
        source: features, (N, D).
        source_labels: int64 (N,).
        target: features of the same stage, (M, D).
        target_labels: int64 (M,), numbered like the source's.
        seed: of the halves.

    Raises:
        XferError: ``not_a_matrix``, ``few_samples`` (below 4 of the common classes), ``not_all_finite``,
            ``wrong_type``, ``wrong_shape``; ``no_common_class``; ``one_class`` if only one is common or in a half.
    """
    features = require_features(source, "source", 4), require_features(target, "target", 4)
    require_equal_width(*features)
    kinds = [require_labels(y, len(x), f"{name}_labels", 1)[0] for x, y, name in
             zip(features, (source_labels, target_labels), ("source", "target"), strict=True)]  # fmt: skip
    shared = kinds[0][torch.isin(kinds[0], kinds[1])]
    if not len(shared):
        raise XferError("no_common_class", "target_labels", kinds[1].tolist(), others=kinds[0].tolist())
    if len(shared) == 1:
        raise XferError("one_class", "target_labels", shared.tolist())

    random = np.random.default_rng(seed)
    parts = []
    for x, y in zip(features, (source_labels.cpu(), target_labels.cpu()), strict=True):
        kept = random.permutation(torch.isin(y, shared).nonzero().flatten().numpy())
        parts.append((x[kept].numpy(), y[kept].numpy()))
    half = min(len(y) for _, y in parts) // 2
    if half < 2:
        raise XferError("few_samples", "target", min(len(y) for _, y in parts), limit=4)
    (x_source, y_source), (x_target, y_target) = ((x[:half], y[:half]) for x, y in parts)
    x, y = (whole[half:] for whole in parts[1])
    for name, known in (("source_labels", y_source), ("target_labels", y_target)):
        if len(np.unique(known)) < 2:
            raise XferError("one_class", name, np.unique(known).tolist())

    right = np.stack([_classify(*known, x) == y for known in ((x_target, y_target), (x_source, y_source))])  # (2, n)
    own, other = (float(np.mean([row[y == label].mean() for label in np.unique(y)])) for row in right)
    p = _probability_of_target(x_source, x_target, x)
    density = 4 * p * (1 - p)
    weights = density / np.bincount(y)[y]  # every class counts equally
    difference = right[0].astype(float) - right[1]
    total = weights.sum()
    if total <= 0:
        return ConceptShift(own, other, 0.0, math.inf, 0.0, len(y))
    gap = float(weights @ difference / total)
    error = float(np.sqrt(weights**2 @ (difference - gap) ** 2) / total)
    overlap = float(total**2 / (weights @ weights) * np.mean(density))
    found = ConceptShift(own, other, gap, error, overlap, len(y))
    if not found.is_worth_testing:
        return found

    def gap_by_chance() -> float:
        """The gap of two classifiers, each of samples of both domains."""
        pooled, labels = np.concatenate([x_target, x_source]), np.concatenate([y_target, y_source])
        dealt = _within_classes(labels, random)
        right = [_classify(pooled[part], labels[part], x) == y for part in (dealt[:half], dealt[half:])]
        return float(weights @ (right[0].astype(float) - right[1]) / total)

    for number in range(1, PERMUTATIONS + 1):
        if gap_by_chance() >= gap:
            return replace(found, p=1 / number)
    return replace(found, p=LEVEL)


def _within_classes(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """An order of samples (N,) in which each place has a sample of the class that it had."""
    order = np.arange(len(labels))
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        order[own] = random.permutation(own)
    return order


def _classify(x: np.ndarray, y: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The classes of ``wanted`` (n, D), by a classifier of x (N, D) with labels y (N,)."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    return np.asarray(make_pipeline(StandardScaler(), SVC(class_weight="balanced")).fit(x, y).predict(wanted))


def _probability_of_target(source: np.ndarray, target: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """For each of ``wanted`` the probability of the target, by a classifier of equally many of both domains: (n,).

    Its strength of regularisation is the one of ``STRENGTHS`` with the best log likelihood in three folds, so that the
    probabilities are neither too certain nor too careful.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = np.concatenate([source, target]), np.repeat([0, 1], [len(source), len(target)])
    folds = StratifiedKFold(min(3, len(source)), shuffle=True, random_state=0)

    def model(strength: float) -> Any:
        return make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))

    scores = [cross_val_score(model(one), x, y, cv=folds, scoring="neg_log_loss").mean() for one in STRENGTHS]
    best = model(STRENGTHS[int(np.argmax(scores))]).fit(x, y)
    return np.asarray(best.predict_proba(wanted))[:, 1]
