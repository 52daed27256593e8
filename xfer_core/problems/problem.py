"""A problem: which domains, in which role, with how many labels; and how it deals out the originals.

No original appears in two domains or in two splits of one problem. Training sees a view that holds no test sample and,
for target samples outside the label budget, no label tensor at all: what is not there cannot leak. A data set whose
makers set a test part apart is tested on that part, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from xfer_core.config import Config, Name
from xfer_core.domains import Domain, domain_info, load_domain
from xfer_core.domains.shapes import common_shape, resize_to
from xfer_core.errors import XferError

Role = Literal["source", "target", "unseen"]

# The source teaches, so most of it trains; the target is measured, so much of it tests. (train, validation, test)
# Where a data set has an official test part, that is the test split, and the others share what is left in proportion.
SPLIT_RATIOS: dict[Role, tuple[float, float, float]] = {
    "source": (0.80, 0.10, 0.10),
    "target": (0.50, 0.15, 0.35),
    "unseen": (0.00, 0.30, 0.70),
}
MAX_ENTRIES = 100  # domains of one role, or tasks
MAX_VALIDATION = 2000  # at most so many samples of a domain: they are looked at again and again


class Problem(Config):
    """What is to be learned from what."""

    source: tuple[Name, ...] = Field(default=("digits.handwritten",), title="Source domains", max_length=MAX_ENTRIES)
    """The domains whose labels are plentiful."""
    target: tuple[Name, ...] = Field(default=("digits.photo",), title="Target domains", max_length=MAX_ENTRIES)
    """The domains to become better at."""
    unseen: tuple[Name, ...] = Field(default=(), title="Unseen domains", max_length=MAX_ENTRIES)
    """Domains that no training sees: only looked at, and tested on."""
    tasks: tuple[Name, ...] = Field(default=("digit",), title="Tasks", min_length=1, max_length=MAX_ENTRIES)
    """What to tell apart. Each task gets a head of its own."""
    labels_per_class: Annotated[int, Field(ge=0)] | Literal["all"] = Field(default=5, title="Labels per class")
    """Labelled target samples of each class of the first task; all others stay unlabelled. Or "all". A task that asks
    for a number, such as the tilt, counts as one class."""

    def roles(self) -> dict[str, Role]:
        """Each domain of the problem with its role, sources first."""
        return {
            **dict.fromkeys(self.source, "source"),
            **dict.fromkeys(self.target, "target"),
            **dict.fromkeys(self.unseen, "unseen"),
        }  # pyright: ignore[reportReturnType]

    def input_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of every image of the problem once dealt: the largest of its domains. Reads no sample."""
        return common_shape(domain_info(key).shape for key in self.roles())

    def classes(self) -> dict[str, tuple[str, ...]]:
        """For each task the class names over all domains, none for a regression; a label is an index into them. Reads
        no sample."""
        offers = [domain_info(key) for key in self.roles()]
        return {task: tuple(dict.fromkeys(n for offer in offers for n in offer.tasks[task])) for task in self.tasks}

    def outputs(self) -> dict[str, int]:
        """For each task how many numbers a head gives: one a class, or one. Reads no sample."""
        return {task: len(names) or 1 for task, names in self.classes().items()}

    def regressions(self) -> tuple[str, ...]:
        """The tasks that ask for a number, not for a class. Reads no sample."""
        return tuple(task for task, names in self.classes().items() if not names)

    def check_names(self) -> None:
        """Refuse domains and tasks that do not exist or do not fit together. Reads no sample.

        Raises:
            XferError: naming the field, the rule and the value.
        """
        if not self.target:
            raise XferError("no_target", "problem.target", self.target, self._with_target())
        for task in self.tasks:
            if self.tasks.count(task) > 1:
                raise XferError("task_twice", "problem.tasks", task)
        named = [*self.source, *self.target, *self.unseen]
        for role in ("source", "target", "unseen"):
            for key in getattr(self, role):
                offer = domain_info(key, f"problem.{role}")
                if named.count(key) > 1:
                    raise XferError("domain_twice", f"problem.{role}", key)
                for task in self.tasks:
                    if task not in offer.tasks:
                        raise XferError("unknown_task", "problem.tasks", task, allowed=tuple(offer.tasks))

    def _with_target(self) -> tuple[Mapping[str, object], ...]:
        """What one can do without a target of one's own: an unseen domain, or the last of several sources, becomes a
        target without labels."""
        if self.unseen:
            moved: dict[str, object] = {"problem.target": self.unseen[:1], "problem.unseen": self.unseen[1:]}
        elif len(self.source) > 1:
            moved = {"problem.target": self.source[-1:], "problem.source": self.source[:-1]}
        else:
            return ()
        moved["problem.labels_per_class"] = 0
        kinds = ("erm", "source_only")  # what a strategy that needs target labels can be replaced by
        return (moved, *({**moved, "strategy.kind": kind} for kind in kinds))

    def _without_one(self) -> tuple[Mapping[str, object], ...]:
        """The problem with one domain less, unseen ones first."""
        changes: list[Mapping[str, object]] = []
        for role, least in (("unseen", 0), ("target", 1), ("source", 1)):
            keys: tuple[str, ...] = getattr(self, role)
            if len(keys) > least:
                changes += [{f"problem.{role}": tuple(k for k in keys if k != key)} for key in reversed(keys)]
        return tuple(changes)

    def check(self, seed: int = 0) -> ProblemData:
        """Refuse what cannot be dealt; the problem as dealt with this seed, without pixels. Domains that are not on
        this machine are downloaded.

        Raises:
            XferError: naming the field, the rule and the value.
        """
        self.check_names()
        return split_problem(self, seed, load_inputs=False)


@dataclass(frozen=True)
class Samples:
    """Samples with their labels.

    Attributes:
        images: uint8 (N, C, H, W).
        labels: for each task the class indices, int64 (N,), in the problem's numbering; or values, float32 (N,).
        originals: which original each was made from, int64 (N,).
    """

    inputs: Tensor
    labels: dict[str, Tensor]
    example_ids: Tensor

    def __len__(self) -> int:
        return len(self.inputs)


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
class ProblemData:
    """A problem with its data.

    Attributes:
        problem: what was asked for.
        training: what strategies see, by domain key.
        held_out: what only the evaluator sees, by (domain key, split).
        classes: for each task the class names over all domains, none for a regression; a label is an index into them.
        domain_classes: for each (domain, task) the class names that the domain itself holds.
    """

    problem: Problem
    training: dict[str, TrainingDomain]
    held_out: dict[tuple[str, str], Samples]
    classes: dict[str, tuple[str, ...]]
    domain_classes: dict[tuple[str, str], tuple[str, ...]]

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of every image of the problem."""
        channels, height, width = next(iter(self.training.values())).labelled.inputs.shape[1:]
        return channels, height, width

    def training_data(self) -> ProblemData:
        """The same problem without a single held-out sample: all that a strategy is given."""
        return replace(self, held_out={})


def _assign_examples(domains: dict[str, Domain], random: np.random.Generator) -> dict[str, np.ndarray]:
    """For each domain the positions of its samples, so that no original is used by two domains.

    Originals that the same domains could take are shared out among them evenly. (To even out the totals instead would
    leave a domain of all digits without those that a domain of few digits also wants.)
    """
    positions: dict[str, np.ndarray] = {}
    for pool in sorted({domain.pool for domain in domains.values()}):
        members = {key: domain.example_ids.numpy() for key, domain in domains.items() if domain.pool == pool}
        order = random.permutation(np.unique(np.concatenate(list(members.values()))))
        holders = np.stack([np.isin(order, originals) for originals in members.values()])  # (domains, originals)
        taker = np.empty(len(order), dtype=np.int64)
        kinds, kind = np.unique(holders, axis=1, return_inverse=True)
        for number, holding in enumerate(kinds.T):  # all originals that the same domains hold, dealt out in turn
            alike = np.flatnonzero(kind.ravel() == number)
            taker[alike] = np.resize(np.flatnonzero(holding), len(alike))
        for number, (key, originals) in enumerate(members.items()):
            by_original = np.argsort(originals)
            positions[key] = by_original[np.searchsorted(originals, order[taker == number], sorter=by_original)]
    return {key: positions[key] for key in domains}


def _assign_splits(domain: Domain, role: Role, positions: np.ndarray) -> dict[str, Tensor]:
    """The domain's positions by split: by ``SPLIT_RATIOS``, the official test part wholly and only to the test
    split."""
    train, validation, _ = SPLIT_RATIOS[role]
    if domain.official_test is None:
        cuts = [round(len(positions) * train), round(len(positions) * (train + validation))]
        parts = np.split(positions, cuts)
    else:
        official = domain.official_test.numpy()[positions]
        rest = positions[~official]
        cut = round(len(rest) * train / (train + validation)) if train else 0
        parts = [rest[:cut], rest[cut:], positions[official]]
    parts[1] = parts[1][:MAX_VALIDATION]
    return {split: torch.from_numpy(part) for split, part in zip(("train", "validation", "test"), parts, strict=True)}


def label_budget_mask(labels: Tensor, budget: int | Literal["all"]) -> Tensor:
    """Which samples keep their labels: the first ``budget`` of each class, bool (N,). Numbers count as one class."""
    if budget == "all":
        return torch.ones(len(labels), dtype=torch.bool, device=labels.device)
    classes = torch.zeros_like(labels, dtype=torch.int64) if labels.is_floating_point() else labels
    ranks = torch.zeros_like(classes)
    for label in classes.unique():
        of_class = classes == label
        ranks[of_class] = torch.arange(int(of_class.sum()), device=labels.device)
    return ranks < budget


def _check_budget(labels: Tensor, budget: int | Literal["all"], domain: str) -> None:
    """Refuse a budget that some class cannot fill."""
    counts = torch.tensor([len(labels)]) if labels.is_floating_point() else torch.bincount(labels)
    rarest = int(counts[counts > 0].min())
    if budget != "all" and budget > rarest:
        raise XferError("budget", "problem.labels_per_class", budget, limit=rarest, domain=domain)


def split_problem(problem: Problem, seed: int, load_inputs: bool = True) -> ProblemData:
    """Deal the originals to domains and splits, and the label budget to target samples.

    Images of different shapes are brought to the largest number of channels, height and width among the problem's
    domains: resized (bilinear, antialiased), grey ones repeated over the channels. A domain with an official test part
    is tested on all of that part; train and validation share the rest.

    Args:
        problem: what is asked for; its domains and tasks must exist.
        seed: decides who gets which original. The same seed gives the same split to every strategy.
        pixels: False leaves the images without content, on torch's meta device: enough to see what would be dealt, at
            a fraction of the time and memory.

    Raises:
        XferError: ``budget``, ``too_few_samples``, or what ``load_domain`` raises.
    """
    random = np.random.default_rng([seed, 0xD0])
    roles = problem.roles()
    domains = {key: load_domain(key, f"problem.{role}") for key, role in roles.items()}
    classes, shape = problem.classes(), problem.input_shape()

    def take(domain: Domain, positions: Tensor) -> Samples:
        if load_inputs:
            images = resize_to(domain.inputs[positions], shape)
        else:
            images = torch.empty((len(positions), *shape), dtype=torch.uint8, device="meta")
        return Samples(images, _labels(domain, classes, positions), domain.example_ids[positions])

    training: dict[str, TrainingDomain] = {}
    held_out: dict[tuple[str, str], Samples] = {}
    for key, positions in _assign_examples(domains, random).items():
        domain, role = domains[key], roles[key]
        parts = _assign_splits(domain, role, positions)
        if not len(parts["test"]) or not len(parts["validation"]) or (role != "unseen" and not len(parts["train"])):
            raise XferError("too_few_samples", "problem", len(positions), problem._without_one(), domain=key)
        held_out[key, "test"] = take(domain, parts["test"])
        held_out[key, "validation"] = take(domain, parts["validation"])
        if role == "unseen":
            continue
        candidates = parts["train"]
        budget = "all" if role == "source" else problem.labels_per_class
        labels = _labels(domain, classes, candidates)[problem.tasks[0]]
        _check_budget(labels, budget, key)
        keep = label_budget_mask(labels, budget)
        training[key] = TrainingDomain(
            key, role, take(domain, candidates[keep]), take(domain, candidates[~keep]).inputs
        )
    own = {(key, task): domain.tasks[task].classes for key, domain in domains.items() for task in problem.tasks}
    return ProblemData(problem, training, held_out, classes, own)


def _labels(domain: Domain, classes: dict[str, tuple[str, ...]], positions: Tensor) -> dict[str, Tensor]:
    """For each task the labels of the samples at ``positions``, classes in the problem's numbering."""
    labels = {}
    for task, names in classes.items():
        own = domain.tasks[task]
        labels[task] = own.labels[positions]
        if names:
            labels[task] = torch.tensor([names.index(name) for name in own.classes])[labels[task]]
    return labels
