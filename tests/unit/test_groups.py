"""Samples of one example, such as the rows of one patient, are all used, and in one domain and one split."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from xfer_core.domains import Card, Domain, DomainInfo, DomainRegistry, Task, use_registry
from xfer_core.modalities import Column, TableInput
from xfer_core.problems.problem import Problem, split_problem

PLANE = TableInput((Column("x"), Column("y")))
CARD = Card("Patients", "Rows of patients.", "me", "CC0 1.0", "measured")


def patients(key: str, ids: torch.Tensor, official: torch.Tensor | None = None) -> Domain:
    points = torch.randn(len(ids), 2, generator=torch.Generator().manual_seed(len(ids)))
    points[:, 1] = torch.arange(len(ids))  # tells samples apart
    side = Task("side", (points[:, 0] > 0).long(), ("left", "right"))
    return Domain(key, CARD, "patients", points, ids, {"side": side}, official)


def own_ids(count: int, seed: int) -> torch.Tensor:
    """One to nine samples of each of ``count`` examples, in random order."""
    random = np.random.default_rng(seed)
    return torch.from_numpy(random.permutation(np.repeat(np.arange(count), random.integers(1, 10, count))))


@pytest.fixture
def grouped() -> Iterator[dict[str, Domain]]:
    ids = own_ids(80, 3)
    official = torch.isin(ids, torch.arange(20)) & (torch.arange(len(ids)) % 2 == 0)
    domains = {
        "two.a": patients("two.a", own_ids(60, 1)),
        "two.b": patients("two.b", own_ids(60, 2) + 40),  # 20 patients are in both
        "two.c": patients("two.c", ids + 1000, official),
    }
    infos = {
        key: DomainInfo(CARD, len(one), PLANE, {"side": ("left", "right")}, lambda one=one: one)
        for key, one in domains.items()
    }
    with use_registry(DomainRegistry(infos)):
        yield domains


def parts(key: str, seed: int) -> dict[tuple[str, str], torch.Tensor]:
    """(domain, split) → examples of its samples, of a problem with source ``two.a`` and target ``key``."""
    data = split_problem(Problem(source=("two.a",), target=(key,), tasks=("side",), labels_per_class="all"), seed)
    found = {place: samples.example_ids for place, samples in data.held_out.items()}
    return found | {(name, "train"): one.labelled.example_ids for name, one in data.training.items()}


@pytest.mark.parametrize("seed", range(5))
def test_no_example_is_cut_and_no_sample_is_wasted(grouped, seed):
    found = parts("two.b", seed)
    examples = [set(ids.tolist()) for ids in found.values()]
    assert sum(map(len, examples)) == len(set.union(*examples)) == 100
    for key, domain in grouped.items():
        given = torch.cat([ids for (name, _), ids in found.items() if name == key] or [torch.empty(0)])
        for example in given.unique().tolist():
            assert (given == example).sum() == (domain.example_ids == example).sum(), "all samples of an example"


@pytest.mark.parametrize("seed", range(5))
def test_splits_have_their_ratios_up_to_one_example(grouped, seed):
    found = parts("two.b", seed)
    for key, ratios in (("two.a", (0.8, 0.1, 0.1)), ("two.b", (0.5, 0.15, 0.35))):
        sizes = np.array([len(found[key, split]) for split in ("train", "validation", "test")])
        assert np.abs(sizes - np.array(ratios) * sizes.sum()).max() <= 9


def test_what_belongs_to_an_example_of_the_official_test_set_is_not_trained_on(grouped):
    found = parts("two.c", 0)
    tested = grouped["two.c"].example_ids[grouped["two.c"].official_test]
    assert sorted(found["two.c", "test"].tolist()) == sorted(tested.tolist())
    rest = torch.cat([found["two.c", "train"], found["two.c", "validation"]])
    assert len(rest) > 200
    assert not set(rest.tolist()) & set(tested.tolist())
