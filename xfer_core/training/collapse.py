"""Whether a network's answers collapsed onto one class: seen without any label of the domain that it answers for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from xfer_core.problems.problem import ProblemData


@dataclass(frozen=True)
class Collapse:
    """One task in one domain that is answered with one class nearly everywhere.

    Attributes:
        domain, task: where.
        answer: the title of that class.
        share: of the samples that it is the answer for, a fraction.
        largest: the largest share that a class has among the training labels, a fraction.
    """

    domain: str
    task: str
    predicted: str
    share: float
    largest: float


def collapses(answered: Mapping[tuple[str, str], Tensor], data: ProblemData) -> list[Collapse]:
    """The collapses among the answers of one evaluation.

    It is one where the share of the most frequent answer is above ½ + ½ · p, with p the largest share of a class among
    the labelled training samples of all sources, or of all domains where there is no source. Half of what is left above
    p is room for a domain in which the classes are mixed otherwise. A domain of K classes, which its card says, may
    also give 1/K to one of them.

    Args:
        answered: (domain, task) → how many samples got each class as their answer, int64 (K,).
        data: the problem; only training labels are looked at.
    """
    largest, found = _largest_shares(data), []
    for (domain, task), counts in answered.items():
        if task not in largest or domain in data.problem.source:
            continue
        usual = max(largest[task], 1 / len(data.domain_classes[domain, task]))
        share = int(counts.max()) / int(counts.sum())
        if share > 0.5 + 0.5 * usual:
            answer = data.classes[task][int(counts.argmax())]
            found.append(Collapse(domain, task, answer, share, largest[task]))
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
