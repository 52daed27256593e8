"""Imports are stored whole or not at all, under a name that no other has, and forgotten with all their domains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import torch

from tests.support.full_disk import full_disk
from xfer_core import imports
from xfer_core.domains import Card, Domain, Task, domain_info, load_domain, registry
from xfer_core.domains.own import OwnDomains
from xfer_core.errors import XferError
from xfer_core.imports import Choices, Finding, FoundDomain, Preview
from xfer_core.imports.base import domain_key
from xfer_core.modalities import ImageInput, InputSpec


class TwoDomains(Finding):
    """Two domains of two pictures each."""

    modality = "image"
    broken: BaseException | None = None

    def __init__(self) -> None:
        self.path, self.choices, self.skipped, self.notes = Path("pets.zip"), Choices(), (), ()
        self.domains = tuple(FoundDomain(name, 2, {"class": {"a": 1, "b": 1}}) for name in ("source", "target"))

    @classmethod
    def reads(cls, path: Path, choices: Mapping[str, object]) -> bool:
        return path.suffix == ".zip"

    @classmethod
    def examine(cls, path: Path, choices: dict[str, object], progress: Callable[[float], object]) -> TwoDomains:
        progress(1.0)
        return cls()

    def preview(self, domain: str, count: int) -> list[Preview]:
        return []

    def build(self, key: str, card: Card, progress: Callable[[float], object]) -> Iterator[tuple[Domain, InputSpec]]:
        for place, found in enumerate(self.domains):
            if place and self.broken is not None:
                raise self.broken
            one, task = domain_key(key, found.name), Task("class", torch.arange(2), ("a", "b"))
            inputs = torch.full((2, 1, 8, 8), place, dtype=torch.uint8)
            yield Domain(one, card, one, inputs, torch.arange(2), {"class": task}), ImageInput(1, 8, 8)


def files() -> list[str]:
    own = registry().own
    assert own is not None
    return sorted(path.name for path in own.folder.glob("*")) if own.folder.exists() else []


def test_stored_domains_are_domains_like_any_other():
    assert imports.store(TwoDomains(), "My pets!") == ("own.my_pets.source", "own.my_pets.target")
    assert imports.imported() == {"my_pets": ["own.my_pets.source", "own.my_pets.target"]}
    assert domain_info("own.my_pets.target").card.title == "My pets!"
    assert load_domain("own.my_pets.target").inputs.unique().tolist() == [1]
    assert imports.forget("My pets!") == ("own.my_pets.source", "own.my_pets.target")
    assert files() == []


def break_building(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    monkeypatch.setattr(TwoDomains, "broken", error)


def break_moving(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    rename = Path.rename

    def move(self: Path, target: Path) -> Path:
        if self.name.endswith("target") and target.parent.name == "domains":
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", move)


@pytest.mark.parametrize("broken", [break_building, break_moving], ids=["while it is built", "while it is moved"])
@pytest.mark.parametrize("error", [XferError("one_class", "x", "x"), full_disk(), KeyboardInterrupt()], ids=repr)
def test_nothing_half_stored_remains(monkeypatch, broken, error):
    broken(monkeypatch, error)
    with pytest.raises(type(error)):
        imports.store(TwoDomains(), "pets")
    assert files() == []


@pytest.mark.parametrize(
    ("name", "code"), [("pets", "name_exists"), ("PETS", "name_exists"), (" ", "missing"), ("x" * 61, "too_long")]
)
def test_a_name_is_refused_with_its_rule(name, code):
    imports.store(TwoDomains(), "pets")
    with pytest.raises(XferError) as refused:
        imports.store(TwoDomains(), name)
    assert (refused.value.code, refused.value.field) == (code, "name")
    assert len(files()) == 2


def test_every_name_has_a_slug_that_a_key_can_hold():
    assert imports.slug("Größe 1/2") == "groe_1_2"
    for name in ("写真", "<b>", "", "a.b", "../x", "own."):
        own = registry().own
        assert own is not None
        domain = next(TwoDomains().build(f"own.{imports.slug(name)}", Card(name, "", "", "", ""), float))
        own.save(*domain)
        assert "own" in domain[0].key
    assert imports.slug("写真") != imports.slug("图片")


def test_an_import_that_is_not_there_cannot_be_forgotten():
    imports.store(TwoDomains(), "pets")
    with pytest.raises(XferError, match="pets"):
        imports.forget("cats")
    assert len(files()) == 2


def test_the_first_reader_that_knows_a_file_examines_it(monkeypatch):
    monkeypatch.setattr(imports, "READERS", (TwoDomains,))
    assert isinstance(imports.examine(Path("pets.zip")), TwoDomains)
    with pytest.raises(XferError) as refused:
        imports.examine(Path("pets.exe"))
    assert (refused.value.code, refused.value.field) == ("no_reader", "pets.exe")


def test_own_domains_that_are_being_stored_are_in_no_list(tmp_path):
    folder = OwnDomains(tmp_path / ".import-x")
    folder.save(*next(TwoDomains().build("own.pets", Card("", "", "", "", ""), float)))
    assert OwnDomains(tmp_path).keys() == ()
