"""Registries: passed in for a block, and own domains that come and go."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from xfer_core.domains import (
    Card,
    Domain,
    DomainInfo,
    DomainRegistry,
    Task,
    domain_keys,
    load_domain,
    registry,
    use_registry,
)
from xfer_core.domains.once import once
from xfer_core.errors import XferError
from xfer_core.modalities import Column, ImageInput, TableInput
from xfer_core.problems.problem import Problem

CARD = Card("Own points", "Points of my own.", "me", "CC0 1.0", "typed")
PLANE = TableInput((Column("x"), Column("y")))


def own(key: str, shift: float = 0.0) -> Domain:
    """Sixty points, of class "b" where x is above the shift."""
    points = torch.randn(60, 2, generator=torch.Generator().manual_seed(0))
    points[:, 0] += shift
    side = Task("class", (points[:, 0] > shift).long(), ("a", "b"))
    return Domain(key, CARD, key, points, torch.arange(60), {"class": side})


def test_a_registry_holds_for_its_block_and_its_thread():
    info = DomainInfo(CARD, 60, PLANE, {"class": ("a", "b")}, lambda: own("my.points"))
    mine, elsewhere = DomainRegistry({"my.points": info}), []
    with use_registry(mine):
        assert domain_keys() == ("my.points",)
        assert len(load_domain("my.points")) == 60
        other = threading.Thread(target=lambda: elsewhere.extend(domain_keys()))
        other.start()
        other.join()
        Problem(source=(), target=("my.points",), tasks=("class",)).check_names()
    assert "my.points" not in domain_keys()
    assert "my.points" not in elsewhere


def test_a_domain_that_several_threads_ask_for_is_built_once():
    built, together = list[str](), threading.Barrier(4)

    def build() -> Domain:
        built.append("my.points")
        time.sleep(0.05)  # the others ask meanwhile
        return own("my.points")

    mine = DomainRegistry({"my.points": DomainInfo(CARD, 60, PLANE, {"class": ("a", "b")}, build)})
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: (together.wait(), mine.load("my.points"))[1], range(4)))
    assert built == ["my.points"]
    assert all(domain is found[0] for domain in found)


def test_what_several_domains_are_made_of_is_made_once():
    made = list[int]()

    @once
    def base() -> int:
        made.append(0)
        time.sleep(0.05)
        return len(made)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda _: base(), range(4))) == [1] * 4
    base.cache_clear()
    assert base() == 2


def test_a_domain_is_added_once_and_removed_again():
    fresh = DomainRegistry({})
    info = DomainInfo(CARD, 60, PLANE, {"class": ("a", "b")}, lambda: own("my.points"))
    fresh.add("my.points", info)
    with pytest.raises(XferError, match="must be a key that no other domain has"):
        fresh.add("my.points", info)
    fresh.remove("my.points")
    with pytest.raises(XferError, match="must be a domain that is known here"):
        fresh.info("my.points")


def test_an_own_domain_is_read_back_as_it_was_saved(tmp_path: Path):
    first, second = DomainRegistry({}, lambda: tmp_path), DomainRegistry({}, lambda: tmp_path)
    assert first.own
    assert first.keys() == ()
    first.own.save(own("my.points"), PLANE)
    assert second.keys() == ("my.points",)
    info, domain = second.info("my.points"), second.load("my.points")
    assert info.spec == PLANE
    assert info.card == domain.card == CARD
    assert torch.equal(domain.inputs, own("my.points").inputs)
    assert domain.tasks["class"].classes == ("a", "b")
    first.own.save(own("my.points", shift=3), PLANE)
    assert second.load("my.points").inputs[:, 0].mean() > 2, "saved anew, so read anew"
    first.own.forget("my.points")
    assert second.keys() == ()
    with pytest.raises(XferError, match="must be a domain that is known here"):
        second.load("my.points")
    assert not list(tmp_path.iterdir()), "nothing is left of it"


@pytest.mark.parametrize("key", ["Mine", "mine", "../x.y", "a.b/c", "my points.x", ""])
def test_a_key_of_an_own_domain_is_words_joined_by_dots(tmp_path: Path, key):
    owner = DomainRegistry({}, lambda: tmp_path).own
    assert owner
    with pytest.raises(XferError, match="must be words of small letters joined by dots"):
        owner.save(own(key), PLANE)


def test_samples_that_are_not_of_their_spec_are_not_saved(tmp_path: Path):
    owner = DomainRegistry({}, lambda: tmp_path).own
    assert owner
    with pytest.raises(XferError, match="must be uint8"):
        owner.save(own("my.points"), ImageInput(1, 4, 4))
    assert owner.keys() == ()


def test_a_damaged_own_domain_is_one_sentence(tmp_path: Path):
    fresh = DomainRegistry({}, lambda: tmp_path)
    assert fresh.own
    fresh.own.save(own("my.points"), PLANE)
    (tmp_path / "my.points" / "samples.safetensors").write_bytes(b"no")
    with pytest.raises(XferError, match=r"problem.target could not be read from .*remove its files"):
        fresh.load("my.points", "problem.target")
    (tmp_path / "my.points" / "domain.json").write_text("{")
    with pytest.raises(XferError, match="could not be read from"):
        fresh.info("my.points")
    assert fresh.keys() == (), "a list of domains goes on without it"


def test_the_installations_registry_knows_the_own_domains_of_its_home():
    owner = registry().own
    assert owner
    owner.save(own("my.points"), PLANE)
    assert domain_keys()[-1] == "my.points"
    owner.forget("my.points")
    assert "my.points" not in domain_keys()
