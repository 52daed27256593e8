"""A problem: which domains, in which role, with how many labels; and how it deals out the originals.

No original appears in two domains or in two splits of one problem. Training sees a view that holds no test sample and,
for target samples outside the label budget, no label tensor at all: what is not there cannot leak.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from xfer_core.domains import Domain, load_domain
from xfer_core.errors import XferError
from xfer_core.forms import Form

Role = Literal["source", "target", "unseen"]

# The source teaches, so most of it trains; the target is measured, so much of it tests. (train, validation, test)
SHARES: dict[Role, tuple[float, float, float]] = {
    "source": (0.80, 0.10, 0.10),
    "target": (0.50, 0.15, 0.35),
    "unseen": (0.00, 0.00, 1.00),
}


class Problem(Form):
    """What is to be learned from what."""

    source: tuple[str, ...] = Field(default=("digits.handwritten",), title="Source domains")
    """The domains whose labels are plentiful."""
    target: tuple[str, ...] = Field(default=("digits.photo",), title="Target domains")
    """The domains to become better at."""
    unseen: tuple[str, ...] = Field(default=(), title="Unseen domains")
    """Domains that are only tested on, at the end."""
    tasks: tuple[str, ...] = Field(default=("digit",), title="Tasks", min_length=1)
    """What to tell apart. Each task gets a head of its own."""
    labels_per_class: Annotated[int, Field(ge=0)] | Literal["all"] = Field(default=5, title="Label budget")
    """Labelled target samples of each class of the first task; all others stay unlabelled. Or "all"."""

    def roles(self) -> dict[str, Role]:
        """Each domain of the problem with its role, sources first."""
        return {
            **dict.fromkeys(self.source, "source"),
            **dict.fromkeys(self.target, "target"),
            **dict.fromkeys(self.unseen, "unseen"),
        }  # pyright: ignore[reportReturnType]

    def check(self) -> None:
        """Refuse what cannot be dealt.

        Raises:
            XferError: naming the field, the rule and the value.
        """
        if not self.target:
            raise XferError("no_target", "problem.target", self.target)
        for task in self.tasks:
            if self.tasks.count(task) > 1:
                raise XferError("task_twice", "problem.tasks", task)
        named = [*self.source, *self.target, *self.unseen]
        for role in ("source", "target", "unseen"):
            for key in getattr(self, role):
                domain = load_domain(key, f"problem.{role}")
                if named.count(key) > 1:
                    raise XferError("domain_twice", f"problem.{role}", key)
                for task in self.tasks:
                    if task not in domain.tasks:
                        raise XferError("unknown_task", "problem.tasks", task, allowed=tuple(domain.tasks))
        deal(self, seed=0)


@dataclass(frozen=True)
class Samples:
    """Samples with their labels.

    Attributes:
        images: uint8 (N, C, H, W).
        labels: for each task the class indices, int64 (N,), in the problem's numbering.
        originals: which original each was made from, int64 (N,).
    """

    images: Tensor
    labels: dict[str, Tensor]
    originals: Tensor

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class TrainingDomain:
    """What a strategy may see of one domain.

    Attributes:
        key: the domain.
        role: source or target.
        labelled: the samples whose labels may be used.
        unlabelled: images alone, uint8 (M, C, H, W); there is no label tensor for them.
    """

    key: str
    role: Role
    labelled: Samples
    unlabelled: Tensor


@dataclass(frozen=True)
class Dealt:
    """A problem with its data.

    Attributes:
        problem: what was asked for.
        training: what strategies see, by domain key.
        held_out: what only the evaluator sees, by (domain key, split).
        classes: for each task the class names over all domains; a label is an index into them.
        domain_classes: for each (domain, task) the class names that the domain itself holds.
    """

    problem: Problem
    training: dict[str, TrainingDomain]
    held_out: dict[tuple[str, str], Samples]
    classes: dict[str, tuple[str, ...]]
    domain_classes: dict[tuple[str, str], tuple[str, ...]]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of every image of the problem."""
        channels, height, width = next(iter(self.training.values())).labelled.images.shape[1:]
        return channels, height, width

    def for_strategies(self) -> Dealt:
        """The same problem without a single held-out sample: all that a strategy is given."""
        return replace(self, held_out={})


def _deal_originals(domains: dict[str, Domain], random: np.random.Generator) -> dict[str, np.ndarray]:
    """For each domain the positions of its samples, so that no original is used by two domains.

    Originals that the same domains could take are shared out among them evenly. (To even out the totals instead would
    leave a domain of all digits without those that a domain of few digits also wants.)
    """
    positions: dict[str, list[int]] = {key: [] for key in domains}
    for pool in sorted({domain.pool for domain in domains.values()}):
        members = {
            key: {int(original): position for position, original in enumerate(domain.originals)}
            for key, domain in domains.items()
            if domain.pool == pool
        }
        taken: Counter[tuple[tuple[str, ...], str]] = Counter()
        for original in random.permutation(sorted(set().union(*members.values()))):
            takers = tuple(key for key, having in members.items() if int(original) in having)
            taker = min(takers, key=lambda key: taken[takers, key])
            taken[takers, taker] += 1
            positions[taker].append(members[taker][int(original)])
    return {key: np.array(chosen, dtype=np.int64) for key, chosen in positions.items()}


def _within_budget(labels: Tensor, budget: int | Literal["all"], domain: str) -> Tensor:
    """Which of the training samples keep their labels: the first ``budget`` of each class. Bool (N,)."""
    if budget == "all":
        return torch.ones(len(labels), dtype=torch.bool)
    counts = torch.bincount(labels)
    rarest = int(counts[counts > 0].min())
    if budget > rarest:
        raise XferError("budget", "problem.labels_per_class", budget, limit=rarest, domain=domain)
    ranks = torch.zeros(len(labels), dtype=torch.int64)
    for label in labels.unique():
        of_class = labels == label
        ranks[of_class] = torch.arange(int(of_class.sum()))
    return ranks < budget


def deal(problem: Problem, seed: int) -> Dealt:
    """Deal the originals to domains and splits, and the label budget to target samples.

    Args:
        problem: what is asked for; its domains and tasks must exist.
        seed: decides who gets which original. The same seed gives the same split to every strategy.

    Raises:
        XferError: ``budget`` or ``too_few_samples``.
    """
    random = np.random.default_rng([seed, 0xD0])
    roles = problem.roles()
    domains = {key: load_domain(key) for key in roles}
    classes = {
        task: tuple(dict.fromkeys(name for domain in domains.values() for name in domain.tasks[task].classes))
        for task in problem.tasks
    }
    training: dict[str, TrainingDomain] = {}
    held_out: dict[tuple[str, str], Samples] = {}
    for key, positions in _deal_originals(domains, random).items():
        domain, role = domains[key], roles[key]
        train_share, validation_share, _ = SHARES[role]
        cuts = [round(len(positions) * train_share), round(len(positions) * (train_share + validation_share))]
        parts = {
            split: _take(domain, classes, torch.from_numpy(chosen))
            for split, chosen in zip(("train", "validation", "test"), np.split(positions, cuts), strict=True)
        }
        if not len(parts["test"]) or (role != "unseen" and not (len(parts["train"]) and len(parts["validation"]))):
            raise XferError("too_few_samples", "problem", len(positions), domain=key)
        held_out[key, "test"] = parts["test"]
        if role == "unseen":
            continue
        held_out[key, "validation"] = parts["validation"]
        pool = parts["train"]
        budget = "all" if role == "source" else problem.labels_per_class
        keep = _within_budget(pool.labels[problem.tasks[0]], budget, key)
        labelled = Samples(pool.images[keep], {t: y[keep] for t, y in pool.labels.items()}, pool.originals[keep])
        training[key] = TrainingDomain(key, role, labelled, pool.images[~keep])
    own = {(key, task): domain.tasks[task].classes for key, domain in domains.items() for task in problem.tasks}
    return Dealt(problem, training, held_out, classes, own)


def _take(domain: Domain, classes: dict[str, tuple[str, ...]], positions: Tensor) -> Samples:
    """The samples at ``positions``, their labels in the problem's numbering."""
    labels = {}
    for task, names in classes.items():
        renumber = torch.tensor([names.index(name) for name in domain.tasks[task].classes])
        labels[task] = renumber[domain.tasks[task].labels[positions]]
    return Samples(domain.samples[positions], labels, domain.originals[positions])
