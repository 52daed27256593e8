"""Samples of two domains, prepared alike, for everything that compares the two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from xfer_core.domains import Domain, domain_info, load_domain
from xfer_core.errors import XferError
from xfer_core.modalities import InputSpec

MOST = 1000  # samples of each domain: more make no number clearer than its own error

Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class PairedSamples:
    """Samples of two domains in random order, of which no two are made from one example.

    Attributes:
        keys: the references.
        spec: of the prepared samples.
        raw: as the domains hold them: (N, *raw shape) and (M, *raw shape).
        prepared: (N, *shape) and (M, *shape).
        features: the descriptors of the modality, float (N, D) and (M, D).
        task: the first task of both; empty if they have none in common.
        classes: of both; a label is an index into them; none for a regression.
        labels: of the samples, (N,) and (M,); None without a task.
        all_labels: of every sample of each domain; None without a task.
    """

    keys: tuple[str, str]
    spec: InputSpec
    raw: Pair
    prepared: Pair
    features: Pair
    task: str
    classes: tuple[str, ...]
    labels: Pair | None
    all_labels: Pair | None


def common_tasks(first: str, second: str) -> tuple[str, ...]:
    """The tasks that both domains have, with classes in both or in none, and in one unit. Reads no sample."""
    one, two = domain_info(first), domain_info(second)
    return tuple(
        task
        for task, classes in one.tasks.items()
        if task in two.tasks
        and bool(classes) == bool(two.tasks[task])
        and one.units.get(task, "") == two.units.get(task, "")
    )


def can_compare(first: str, second: str) -> bool:
    """Whether the inputs of two different domains can be brought to one form. Reads no sample."""
    specs = [domain_info(key).spec for key in (first, second)]
    if first == second or specs[0].modality != specs[1].modality:
        return False
    try:
        type(specs[0]).common(specs)
    except XferError:
        return False
    return True


def paired_samples(first: str, second: str, task: str = "", most: int = MOST, seed: int = 0) -> PairedSamples:
    """Draw at most ``most`` samples of each domain.

    An example that both domains contain is used by one of them only: by turns.

    Args:
        first: a reference.
        second: another one, of the same kind of input.
        task: of both; empty: their first common one, if any.
        most: samples of each domain.
        seed: of the drawn samples.

    Raises:
        XferError: ``domain_twice``, ``two_modalities``, ``unknown_task``, ``too_few_samples`` below 8 of a domain; as
            ``load_domain``, ``InputSpec.common`` and ``InputSpec.fit``.
    """
    infos = domain_info(first), domain_info(second)
    if first == second:
        raise XferError("domain_twice", "domains", first)
    if infos[0].spec.modality != infos[1].spec.modality:
        raise XferError("two_modalities", "domains", second, other=first, modality=infos[0].spec.modality)
    tasks = common_tasks(first, second)
    if task and task not in tasks:
        raise XferError("unknown_task", "task", task, allowed=tasks)
    task = task or next(iter(tasks), "")
    spec = type(infos[0].spec).common([info.spec for info in infos])
    domains = load_domain(first), load_domain(second)
    positions = tuple(part[:most] for part in _positions(*domains, np.random.default_rng(seed)))
    for key, part in zip((first, second), positions, strict=True):
        if len(part) < 8:
            raise XferError("too_few_samples", "domains", len(part), domain=key)
    raw = tuple(domain.inputs[part] for domain, part in zip(domains, positions, strict=True))
    encode = spec.fit(zip((info.spec for info in infos), raw, strict=True))
    prepared = tuple(encode(info.spec, inputs) for info, inputs in zip(infos, raw, strict=True))
    classes, all_labels = _labels(domains, task) if task else ((), None)
    labels = all_labels and tuple(values[part] for values, part in zip(all_labels, positions, strict=True))
    features = tuple(spec.descriptors(inputs).float() for inputs in prepared)
    return PairedSamples((first, second), spec, raw, prepared, features, task, classes, labels, all_labels)  # pyright: ignore[reportArgumentType] - two of each


def _positions(first: Domain, second: Domain, random: np.random.Generator) -> Pair:
    """The positions of both in random order, without an example that the other has too."""
    ids = first.example_ids.numpy(), second.example_ids.numpy()
    orders = [random.permutation(len(own)) for own in ids]
    if first.pool == second.pool:
        shared = random.permutation(np.intersect1d(*ids))
        left_out = shared[1::2], shared[::2]
        orders = [order[~np.isin(own[order], out)] for order, own, out in zip(orders, ids, left_out, strict=True)]
    return torch.from_numpy(orders[0]), torch.from_numpy(orders[1])


def _labels(domains: tuple[Domain, Domain], task: str) -> tuple[tuple[str, ...], Pair]:
    """The classes of both domains, and all labels of each as indices into them; values of a regression."""
    own = [domain.tasks[task] for domain in domains]
    names = tuple(dict.fromkeys(name for one in own for name in one.classes))
    if not names:
        return (), (own[0].labels, own[1].labels)
    found = [torch.tensor([names.index(name) for name in one.classes])[one.labels] for one in own]
    return names, (found[0], found[1])
