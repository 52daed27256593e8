"""Your own data on the page Domains: upload, check, keep, train, forget."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from pages.domains import own, uploads
from pages.i18n import plain
from tests.support.full_disk import refuse
from tests.support.hostile import HOSTILE
from tests.support.own_data import picture
from tests.support.pages import app, markdown_fields, press, text_of
from xfer_core import imports
from xfer_core.domains import Card, Domain, Task, registry
from xfer_core.errors import XferError
from xfer_core.imports.base import Choices, Finding, FoundDomain, Preview, domain_key
from xfer_core.modalities import ImageInput, InputSpec
from xfer_core.settings import settings


class FewChoices(Choices):
    label: str = ""


class FakeFinding(Finding):
    """Two domains of random pictures; the classes are those that the test names."""

    modality = "image"
    classes: tuple[str, ...] = ("cat", "dog")
    names: tuple[str, ...] = ("source", "target")
    refused: XferError | None = None

    @classmethod
    def reads(cls, path: Path, choices: Mapping[str, object]) -> bool:
        return True

    @classmethod
    def examine(cls, path: Path, choices: dict[str, object], progress: Callable[[float], object]) -> FakeFinding:
        progress(0.5)
        if cls.refused is not None:
            raise cls.refused
        found = cls()
        found.path, found.choices = path, FewChoices.model_validate({"label": "kind", **choices})
        found.options = {"label": ("kind", "colour")}
        counts = dict.fromkeys(cls.classes, 40)
        found.domains = tuple(FoundDomain(name, 80, {"class": dict(counts)}) for name in cls.names)
        found.skipped = (XferError("no_picture", "cat/broken.png", "cat/broken.png"),)
        found.notes = (XferError("unknown_field", "kind", "kind", allowed=["x"]),)
        return found

    def preview(self, domain: str, count: int) -> list[Preview]:
        return [Preview(picture(0, 1), self.classes[0]), Preview(picture(1, 1), self.classes[1])]

    def build(self, key: str, card: Card, progress: Callable[[float], object]) -> Iterator[tuple[Domain, InputSpec]]:
        for found in self.domains:
            inputs = torch.randint(0, 255, (80, 3, 16, 16), dtype=torch.uint8)
            task = Task("class", torch.arange(80) % 2, self.classes)
            one = domain_key(key, found.name)
            yield Domain(one, card, one, inputs, torch.arange(80), {"class": task}), ImageInput(3, 16, 16)


@pytest.fixture(autouse=True)
def _fake_reader(monkeypatch):
    """The reader of the tests, in place of the real ones."""
    monkeypatch.setattr(FakeFinding, "refused", None)
    monkeypatch.setattr(FakeFinding, "classes", ("cat", "dog"))
    monkeypatch.setattr(imports, "READERS", (FakeFinding,), raising=False)


def uploaded(tmp_path: Path, name: str = "pets.zip") -> AppTest:
    """The view with an upload that lies on the disk, examined."""
    path = tmp_path / name
    path.write_bytes(b"")
    test = app("domains", view="own")
    test.session_state["own.upload"] = own.Upload(path)
    return test.run()


def own_keys() -> tuple[str, ...]:
    domains = registry().own
    assert domains is not None
    return domains.keys()


def test_the_check_says_what_was_understood_before_anything_is_stored(tmp_path):
    test = uploaded(tmp_path)
    assert not test.exception
    said = text_of(test)
    assert "160 pictures · 2 classes · 2 domains: source, target" in said
    assert "1 left out, and why" in [box.label for box in test.expander]
    assert any("cat/broken.png" in str(table.value) for table in test.dataframe)
    assert len(test.get("image")) == 4, "two samples of each domain"
    assert test.get("plotly_chart")
    assert own_keys() == ()


def test_a_choice_is_asked_for_filled_in_and_examined_anew(tmp_path):
    test = uploaded(tmp_path)
    [box] = [box for box in test.selectbox if box.label == "label"]
    assert box.value == "kind"
    box.select("colour").run()
    assert test.session_state["own.upload"].finding.choices.label == "colour"


def test_kept_data_is_a_domain_and_train_begins_with_it(tmp_path):
    test = uploaded(tmp_path)
    assert test.text_input(key="own.name").value == "pets"
    press(test, "Keep it")
    assert not test.exception
    assert own_keys() == ("own.pets.source", "own.pets.target")
    assert "Stored: 160 samples in 2 domains" in text_of(test)
    press(test, "Train on it")
    assert not test.exception
    spec = test.session_state["train.spec"]
    assert (spec.problem.source, spec.problem.target) == (("own.pets.source",), ("own.pets.target",))
    assert any(button.label == "Start training" and not button.disabled for button in test.button)


def test_a_refusal_keeps_the_upload_and_can_be_tried_again(tmp_path):
    FakeFinding.refused = XferError("no_file", "pets.zip", "pets.zip", reason="it is encrypted")
    test = uploaded(tmp_path)
    assert not test.exception
    assert "pets.zip must be a file that can be read (it is encrypted)" in text_of(test)
    assert not [button for button in test.button if button.label == "Keep it"]
    FakeFinding.refused = None
    press(test, "Try again")
    assert "160 pictures" in text_of(test)
    assert not test.error


def test_a_choice_that_fails_can_be_taken_back(tmp_path):
    test = uploaded(tmp_path)
    FakeFinding.refused = XferError("one_class", "label", "colour")
    next(box for box in test.selectbox if box.label == "label").select("colour").run()
    assert "must hold at least two classes" in text_of(test)
    FakeFinding.refused = None
    next(box for box in test.selectbox if box.label == "label").select("kind").run()
    assert not test.error
    assert "160 pictures" in text_of(test)


def test_a_name_that_is_taken_gets_a_number_and_is_refused_when_typed(tmp_path):
    press(uploaded(tmp_path), "Keep it")
    test = uploaded(tmp_path)
    assert test.text_input(key="own.name").value == "pets 2"
    test.text_input(key="own.name").input("pets")
    press(test, "Keep it")
    assert test.error
    assert own_keys() == ("own.pets.source", "own.pets.target")
    test.text_input(key="own.name").input("other pets")
    press(test, "Keep it")
    assert len(own_keys()) == 4


def test_forgetting_asks_first_and_leaves_nothing(tmp_path):
    test = press(uploaded(tmp_path), "Keep it")
    test.session_state["own-ask-pets"] = True
    test.run()
    press(test, "Forget it")
    assert not test.exception
    assert own_keys() == ()
    assert "No data of your own" in text_of(test)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "**x**", "$x$", ":red[x]", HOSTILE])
def test_names_are_text(tmp_path, name):
    FakeFinding.classes = (name, "dog")
    FakeFinding.notes = (XferError("unknown_field", name, name, allowed=[name]),)
    path = tmp_path / "x.zip"
    test = app("domains", view="own")
    test.session_state["own.upload"] = own.Upload(path.with_name(name.replace("/", "_")))
    test.run()
    assert not test.exception
    shown = [text for kind, text in markdown_fields(test) if kind != "html.body"]
    assert not [text for text in shown if name in text or "<script>" in text.replace(r"\<script>", "")]
    assert any(plain(name) in text for text in shown)
    for chart in test.get("plotly_chart"):
        assert "<script>" not in chart.proto.spec
        assert "<img" not in chart.proto.spec
    test.text_input(key="own.name").input("safe")
    press(test, "Keep it")
    press(test, "Train on it")
    assert not test.exception


# ---------------------------------------------------------------------- files on the disk


class File(io.BytesIO):
    def __init__(self, name: str, content: bytes = b"x") -> None:
        super().__init__(content)
        self.name = name


def test_a_file_keeps_its_name_and_a_folder_its_own():
    path = uploads.put_on_disk([File("pets.zip", b"abc")])
    assert (path.name, path.read_bytes()) == ("pets.zip", b"abc")
    folder = uploads.put_on_disk([File("pets/cat/1.png"), File("pets/dog/1.png")])
    assert folder.name == "pets"
    assert sorted(str(file.relative_to(folder)) for file in folder.rglob("*.png")) == ["cat/1.png", "dog/1.png"]
    uploads.remove_upload(folder)
    uploads.remove_upload(path)
    assert not list((settings().home / "uploads").iterdir())


def test_names_of_classes_are_kept_as_they_are():
    names = [
        "pets/**cat**/1.png",
        "pets/<b>/1.png",
        "pets/a:b/1.png",
        "pets/Größe 写真/1.png",
        f"pets/{'x' * 200}/1.png",
    ]
    folder = uploads.put_on_disk([File(name) for name in names])
    assert {f"pets/{file.relative_to(folder)}" for file in folder.rglob("*.png")} == set(names)


@pytest.mark.parametrize(
    "name", ["../../evil", "/etc/evil", "a/../../evil", "..\\evil", "C:\\evil", "..", "", "\x00", "." * 300]
)
def test_no_name_leads_out_of_the_folder(name):
    path = uploads.put_on_disk([File(name)])
    assert path.is_file()
    assert path.resolve().is_relative_to((settings().home / "uploads").resolve())
    uploads.remove_upload(path)


def test_a_full_disk_leaves_nothing_and_says_so(monkeypatch):
    monkeypatch.setattr(uploads, "_copy", refuse)
    with pytest.raises(OSError, match="No space"):
        uploads.put_on_disk([File("pets.zip")])
    assert not list((settings().home / "uploads").iterdir())


def test_an_upload_that_nobody_kept_is_removed_after_a_day():
    old, new = uploads.put_on_disk([File("old.zip")]), uploads.put_on_disk([File("new.zip")])
    yesterday = time.time() - 2 * uploads.FORGOTTEN_SECONDS
    os.utime(old.parent, (yesterday, yesterday))
    uploads.put_on_disk([File("next.zip")])
    assert not old.exists()
    assert new.exists()


@pytest.mark.parametrize(("upload", "all_of_it", "limit"), [("", "", 1000), ("", "7", 7), ("9", "", 9), ("9", "7", 7)])
def test_the_uploaders_follow_the_limits_of_an_upload_and_of_an_import(monkeypatch, upload, all_of_it, limit):
    monkeypatch.setenv("XFER_UPLOAD_MEGABYTES", upload)
    monkeypatch.setenv("XFER_IMPORT_MEGABYTES", all_of_it)
    uploaders = app("domains", view="own").get("file_uploader")
    assert [one.proto.max_upload_size_mb for one in uploaders] == [limit, limit]
