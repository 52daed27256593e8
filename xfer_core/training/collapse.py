"""Detects that predictions collapsed onto one class, without any label of the domain that they are for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from xfer_core.problems.problem import ProblemData


@dataclass(frozen=True)
class Collapse:
    """One task in one domain for which nearly every prediction is the same class.

    Attributes:
        domain, task: where.
        predicted: the title of that class.
        share: fraction of the samples for which it is predicted.
        largest: the largest fraction that a class has among the training labels.
    """

    domain: str
    task: str
    predicted: str
    share: float
    largest: float


def collapses(answered: Mapping[tuple[str, str], Tensor], data: ProblemData) -> list[Collapse]:
    """The collapses among the predictions of one evaluation.

    Predictions collapsed where the share of the most frequent class is above ½ + ½ · p, with p the largest share of a
    class among the labelled training samples of all sources, or of all domains if there is no source. Half of the
    range above p is left for a domain with another class distribution. In a domain of K classes, as stated on its
    card, p is at least 1/K.

    Args:
        answered: (domain, task) → number of samples predicted as each class, int64 (K,).
        data: the problem; only training labels are read.
    """
    largest, found = _largest_shares(data), []
    for (domain, task), counts in answered.items():
        if task not in largest or domain in data.problem.source:
            continue
        usual = max(largest[task], 1 / len(data.domain_classes[domain, task]))
        share = int(counts.max()) / int(counts.sum())
        if share > 0.5 + 0.5 * usual:
            predicted = data.classes[task][int(counts.argmax())]
            found.append(Collapse(domain, task, predicted, share, largest[task]))
    return found


def _largest_shares(data: ProblemData) -> dict[str, float]:
    """For each task with classes the largest share of a class among the training labels; nothing without labels."""
    domains = [data.training[key] for key in data.problem.source] or list(data.training.values())
    shares = {}
    for task, names in data.classes.items():
        labels = torch.cat([domain.labelled.labels[task] for domain in domains])
        if names and len(labels):
            shares[task] = int(torch.bincount(labels).max()) / len(labels)
    return shares
