"""Transfer problem: which domains, in which role, with how many labels; and the split of their examples.

No example appears in two domains or in two splits of one problem; only a domain and its copy (``?again=1``) share
examples, and are split alike. Training gets a view without test samples and, for
target samples outside the label budget, without a label tensor, so that neither can leak. A data set with an official
test set is tested on exactly that set.
"""

# pyright: reportUnknownMemberType=false
from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Literal, cast, get_args

import numpy as np
import torch
from pydantic import Field, field_validator
from torch import Tensor

from xfer_core.config import Config, Name, Reference
from xfer_core.domains import Domain, DomainInfo, domain_info, load_domain, registry, unit_of
from xfer_core.domains.views import copied_from
from xfer_core.errors import XferError
from xfer_core.modalities import Encoder, InputSpec

Role = Literal["source", "target", "unseen"]
ROLES: tuple[Role, ...] = get_args(Role)

# (train, validation, test). Most of the source is for training, much of the target for the test. If a data set has an
# official test set, that is the test split, and the other splits share the rest in proportion.
SPLIT_RATIOS: dict[Role, tuple[float, float, float]] = {
    "source": (0.80, 0.10, 0.10),
    "target": (0.50, 0.15, 0.35),
    "unseen": (0.00, 0.30, 0.70),
}
MAX_ENTRIES = 100  # domains of one role, or tasks
MAX_VALIDATION = 2000  # samples of a domain, at most: they are evaluated many times


class Problem(Config):
    """Source, target and unseen domains, tasks, and the label budget of the target."""

    source: tuple[Reference, ...] = Field(
        default=("digits.handwritten",), title="Source domains", max_length=MAX_ENTRIES
    )
    """The domains with all their labels."""
    target: tuple[Reference, ...] = Field(default=("digits.photo",), title="Target domains", max_length=MAX_ENTRIES)
    """The domains on which accuracy is to improve."""
    unseen: tuple[Reference, ...] = Field(default=(), title="Unseen domains", max_length=MAX_ENTRIES)
    """Domains that are not used for training, only for validation and test."""
    tasks: tuple[Name, ...] = Field(default=("digit",), title="Tasks", min_length=1, max_length=MAX_ENTRIES)
    """What to predict. Each task gets its own head."""
    labels_per_class: Annotated[int, Field(ge=0)] | Literal["all"] = Field(default=5, title="Labels per class")
    """Labelled target samples of each class of the first task; all others stay unlabelled. Or "all". A regression, such
    as the tilt, counts as one class."""

    def roles(self) -> dict[str, Role]:
        """Each domain of the problem with its role, sources first."""
        return {
            **dict.fromkeys(self.source, "source"),
            **dict.fromkeys(self.target, "target"),
            **dict.fromkeys(self.unseen, "unseen"),
        }  # pyright: ignore[reportReturnType]

    @field_validator("source", "target", "unseen")
    @classmethod
    def _canonical(cls, references: tuple[str, ...]) -> tuple[str, ...]:
        """The shortest reference to each domain, so that the same problem has one spelling."""
        return tuple(registry().canonical(reference) for reference in references)

    def input_spec(self) -> InputSpec:
        """What every input of the problem is after the split. Reads no sample.

        Raises:
            XferError: as ``InputSpec.common``.
        """
        specs = [domain_info(key).spec for key in self.roles()]
        return type(specs[0]).common(specs)

    def classes(self) -> dict[str, tuple[str, ...]]:
        """For each task the class names over all domains, none for a regression; a label is an index into them. Reads
        no sample."""
        infos = [domain_info(key) for key in self.roles()]
        return {task: tuple(dict.fromkeys(n for info in infos for n in info.tasks[task])) for task in self.tasks}

    def outputs(self) -> dict[str, int]:
        """For each task the number of outputs: one per class, or 1 for a regression. Reads no sample."""
        return {task: len(names) or 1 for task, names in self.classes().items()}

    def regressions(self) -> tuple[str, ...]:
        """The tasks whose labels are numbers, not classes, as the domains say that are still here. Reads no sample."""
        return tuple(task for task, known in self._known_classes().items() if known and not any(known))

    def two_class_tasks(self) -> tuple[str, ...]:
        """The tasks with exactly two classes, for which an AUC is measured, as the domains say that are still here.
        Reads no sample."""
        return tuple(task for task, known in self._known_classes().items() if len(set[str]().union(*known)) == 2)

    def _known_classes(self) -> dict[str, list[tuple[str, ...]]]:
        """For each task the classes of every domain that was not forgotten: pages show runs of the others, too."""
        infos: list[DomainInfo] = []
        for key in self.roles():
            with suppress(XferError):
                infos.append(domain_info(key))
        return {task: [info.tasks[task] for info in infos if task in info.tasks] for task in self.tasks}

    def unit(self, task: str) -> str:
        """The unit of a regression, the same in every domain; as :func:`xfer_core.domains.unit_of`. Reads no sample."""
        return next(filter(None, (unit_of(key, task) for key in self.roles())), "")

    def check_names(self) -> None:
        """Reject domains and tasks that do not exist or do not go together. Reads no sample.

        Raises:
            XferError: naming the field, the rule and the value.
        """
        if not self.target:
            raise XferError("no_target", "problem.target", self.target, self.with_target())
        for task in self.tasks:
            if self.tasks.count(task) > 1:
                raise XferError("task_twice", "problem.tasks", task)
        named = [*self.source, *self.target, *self.unseen]
        infos = {key: domain_info(key, f"problem.{role}") for role in ROLES for key in getattr(self, role)}
        first = infos[self.target[0]].spec.modality
        for role in ROLES:
            for key in getattr(self, role):
                if named.count(key) > 1:
                    raise XferError("domain_twice", f"problem.{role}", key)
                if infos[key].spec.modality != first:
                    raise XferError("two_modalities", f"problem.{role}", key, other=self.target[0], modality=first)
        for key in named:
            tasks = infos[key].tasks
            for task in self.tasks:
                if task not in tasks:
                    raise XferError("unknown_task", "problem.tasks", task, allowed=tuple(tasks))
                unit, expected = (infos[one].units.get(task, "") for one in (key, named[0]))
                if unit != expected:
                    first = f"{expected or 'no unit'} in {named[0]}"
                    second = f"{unit or 'no unit'} in {key}"
                    raise XferError("two_units", "problem.tasks", task, (), first=first, second=second)

    def with_target(self) -> tuple[Mapping[str, object], ...]:
        """Changes that give the problem a target: an unseen domain, or the last of several sources, becomes a target
        without labels."""
        if self.unseen:
            change: dict[str, object] = {"problem.target": self.unseen[:1], "problem.unseen": self.unseen[1:]}
        elif len(self.source) > 1:
            change = {"problem.target": self.source[-1:], "problem.source": self.source[:-1]}
        else:
            return ()
        return ({**change, "problem.labels_per_class": 0},)

    def without_one(self) -> tuple[Mapping[str, object], ...]:
        """The problem with one domain less, unseen ones first."""
        changes: list[Mapping[str, object]] = []
        for role, least in (("unseen", 0), ("target", 1), ("source", 1)):
            keys: tuple[str, ...] = getattr(self, role)
            if len(keys) > least:
                changes += [{f"problem.{role}": tuple(k for k in keys if k != key)} for key in reversed(keys)]
        return tuple(changes)

    def check(self, seed: int = 0) -> ProblemData:
        """Reject a problem that cannot be split; returns its split with this seed, without inputs. Domains that are
        not on this machine are downloaded.

        Raises:
            XferError: naming the field, the rule and the value.
        """
        self.check_names()
        return split_problem(self, seed, load_inputs=False)


@dataclass(frozen=True)
class Samples:
    """Samples with their labels.

    Attributes:
        inputs: prepared, as ``ProblemData.encoder`` gives them: (N, *shape).
        labels: for each task the class indices, int64 (N,), in the problem's numbering; or values, float32 (N,).
        example_ids: the example that each was made from, int64 (N,).
    """

    inputs: Tensor
    labels: dict[str, Tensor]
    example_ids: Tensor

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True)
class TrainingDomain:
    """The training data of one domain.

    Attributes:
        key: the domain.
        role: source or target.
        labelled: the samples whose labels may be used.
        unlabelled: inputs alone, (M, *shape); there is no label tensor for them.
    """

    key: str
    role: Role
    labelled: Samples
    unlabelled: Tensor


@dataclass(frozen=True)
class TrainingData:
    """All that training may see of a problem: no held-out sample, and no label outside the budget.

    Attributes:
        problem: its configuration.
        training: by domain key.
        classes: for each task the class names over all domains, none for a regression; a label is an index into them.
        domain_classes: for each (domain, task) the class names of the domain itself.
        encoder: what prepared the inputs, fitted on training inputs.
    """

    problem: Problem
    training: dict[str, TrainingDomain]
    classes: dict[str, tuple[str, ...]]
    domain_classes: dict[tuple[str, str], tuple[str, ...]]
    encoder: Encoder

    @property
    def input_spec(self) -> InputSpec:
        """What every input of the problem is."""
        return self.encoder.spec


@dataclass(frozen=True)
class ProblemData(TrainingData):
    """A problem with all its data.

    Attributes:
        held_out: data only for the evaluator, by (domain key, split).
    """

    held_out: dict[tuple[str, str], Samples]

    def training_data(self) -> TrainingData:
        """The part that a strategy is given."""
        return TrainingData(self.problem, self.training, self.classes, self.domain_classes, self.encoder)


def _assign_examples(domains: dict[str, Domain], random: np.random.Generator) -> dict[str, np.ndarray]:
    """For each domain the positions of its samples, so that no example is used by two domains; a copy of a domain
    (``?again=1``) has the examples of that domain.

    Examples that the same domains contain are distributed evenly among them. (Balancing the totals instead would
    leave a domain of all digits without the digits that a domain of few digits contains too.)
    """
    positions: dict[str, np.ndarray] = {}
    for pool in sorted({domain.pool for domain in domains.values()}):
        copies = {key: _original(key) for key, domain in domains.items() if domain.pool == pool}
        members = {original: domains[key].example_ids.numpy() for key, original in copies.items()}
        order = random.permutation(np.unique(np.concatenate(list(members.values()))))
        holders = np.stack([np.isin(order, ids) for ids in members.values()])  # (domains, examples)
        owner = np.empty(len(order), dtype=np.int64)
        kinds, kind = np.unique(holders, axis=1, return_inverse=True)
        for number, holding in enumerate(kinds.T):  # all examples that the same domains contain, assigned in turn
            alike = np.flatnonzero(kind.ravel() == number)
            owner[alike] = np.resize(np.flatnonzero(holding), len(alike))
        assigned = {
            original: _positions_of(order[owner == number], ids)
            for number, (original, ids) in enumerate(members.items())
        }
        positions.update({key: assigned[original] for key, original in copies.items()})
    return {key: positions[key] for key in domains}


def _original(reference: str) -> str:
    """The domain of which this one is a copy with the same examples; itself if it is none."""
    return copied_from(reference, domain_info(reference).parameters)


def _split_role(key: str, roles: Mapping[str, Role]) -> Role:
    """The role by which a domain is split. A domain and its copies are split alike, so that no example of the one's
    training is in the other's test."""
    alike = [role for other, role in roles.items() if _original(other) == _original(key)]
    return "target" if len(alike) > 1 else roles[key]


def _positions_of(examples: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """The positions of all samples of these examples, those of one example together, in the order of the examples."""
    by_id = np.argsort(ids, kind="stable")
    first = np.searchsorted(ids, examples, sorter=by_id)
    last = np.searchsorted(ids, examples, side="right", sorter=by_id)
    if (last - first == 1).all():
        return by_id[first]
    return np.concatenate([by_id[start:end] for start, end in zip(first, last, strict=True)])


def _cut(ids: np.ndarray, cut: int) -> int:
    """The nearest place from ``cut`` on where no example is divided; samples of one example stand together."""
    while 0 < cut < len(ids) and ids[cut] == ids[cut - 1]:
        cut += 1
    return cut


def _assign_splits(domain: Domain, role: Role, positions: np.ndarray) -> dict[str, Tensor]:
    """The domain's positions by split, with ``SPLIT_RATIOS``; an official test set is exactly the test split, and other
    samples of its examples are left out."""
    train, validation, _ = SPLIT_RATIOS[role]
    if domain.official_test is None:
        ids = domain.example_ids.numpy()[positions]
        cuts = [_cut(ids, round(len(positions) * part)) for part in (train, train + validation)]
        parts = np.split(positions, cuts)
    else:
        official = domain.official_test.numpy()[positions]
        ids = domain.example_ids.numpy()
        rest = positions[~np.isin(ids[positions], ids[positions[official]])]
        cut = round(len(rest) * train / (train + validation)) if train else 0
        cut = _cut(ids[rest], cut)
        parts = [rest[:cut], rest[cut:], positions[official]]
    parts[1] = parts[1][:MAX_VALIDATION]
    return {split: torch.from_numpy(part) for split, part in zip(("train", "validation", "test"), parts, strict=True)}


def label_budget_mask(labels: Tensor, budget: int | Literal["all"]) -> Tensor:
    """Which samples keep their labels: the first ``budget`` of each class, bool (N,). Numbers count as one class."""
    if budget == "all":
        return torch.ones(len(labels), dtype=torch.bool, device=labels.device)
    classes = torch.zeros_like(labels, dtype=torch.int64) if labels.is_floating_point() else labels
    ranks = torch.zeros_like(classes)
    for label in cast("list[int]", torch.unique(classes).tolist()):
        of_class = classes == label
        ranks[of_class] = torch.arange(int(of_class.sum()), device=labels.device)
    return ranks < budget


def _check_budget(labels: Tensor, budget: int | Literal["all"], domain: str) -> None:
    """Reject a budget above the number of samples of some class."""
    counts = torch.tensor([len(labels)]) if labels.is_floating_point() else torch.bincount(labels)
    rarest = int(counts[counts > 0].min())
    if budget != "all" and budget > rarest:
        raise XferError("budget", "problem.labels_per_class", budget, limit=rarest, domain=domain)


def split_problem(problem: Problem, seed: int, load_inputs: bool = True) -> ProblemData:
    """Assign the examples to domains and splits, and the label budget to target samples.

    Inputs of different domains are brought to what they have in common (:meth:`Problem.input_spec`) by an encoder that
    is fitted on the inputs of the training splits, labelled or not. A domain with an official test set is tested on
    all of it; train and validation share the rest.

    Args:
        problem: its domains and tasks must exist.
        seed: of the random assignment. The same seed gives the same split to every strategy.
        load_inputs: False leaves the inputs without content, on torch's meta device: enough to check the split, with
            little time and memory.

    Raises:
        XferError: ``budget``, ``too_few_samples``, or what ``load_domain``, ``InputSpec.common`` and ``InputSpec.fit``
            raise.
    """
    random = np.random.default_rng([seed, 0xD0])
    roles = problem.roles()
    domains = {key: load_domain(key, f"problem.{role}") for key, role in roles.items()}
    classes, spec = problem.classes(), problem.input_spec()
    splits = {
        key: _assign_splits(domains[key], _split_role(key, roles), positions)
        for key, positions in _assign_examples(domains, random).items()
    }
    for key, parts in splits.items():
        role = roles[key]
        if not len(parts["test"]) or not len(parts["validation"]) or (role != "unseen" and not len(parts["train"])):
            samples = sum(map(len, parts.values()))
            raise XferError("too_few_samples", "problem", samples, problem.without_one(), domain=key)
    specs = {key: domain_info(key).spec for key in domains}
    encode = spec.fit((specs[key], domains[key].inputs[parts["train"]]) for key, parts in splits.items())

    def take(domain: Domain, positions: Tensor) -> Samples:
        if load_inputs:
            inputs = encode(specs[domain.key], domain.inputs[positions])
        else:
            inputs = torch.empty((len(positions), *spec.shape), dtype=domain.inputs.dtype, device="meta")
        return Samples(inputs, _labels(domain, classes, positions), domain.example_ids[positions])

    training: dict[str, TrainingDomain] = {}
    held_out: dict[tuple[str, str], Samples] = {}
    for key, parts in splits.items():
        domain, role = domains[key], roles[key]
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
    return ProblemData(problem, training, classes, own, encode, held_out)


def _labels(domain: Domain, classes: dict[str, tuple[str, ...]], positions: Tensor) -> dict[str, Tensor]:
    """For each task the labels of the samples at ``positions``, classes in the problem's numbering."""
    labels: dict[str, Tensor] = {}
    for task, names in classes.items():
        own = domain.tasks[task]
        labels[task] = own.labels[positions]
        if names:
            labels[task] = torch.tensor([names.index(name) for name in own.classes])[labels[task]]
    return labels
