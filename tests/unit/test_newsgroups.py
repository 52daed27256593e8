"""20 Newsgroups: read from a small archive of the same form, without a network; and what is said without one."""

from __future__ import annotations

import hashlib
import io
import tarfile
import urllib.request
from urllib.error import URLError

import pytest

from xfer_core.domains import domain_info, download, is_available, load_domain, newsgroups
from xfer_core.errors import XferError
from xfer_core.modalities.text import decode_texts
from xfer_core.problems.problem import Problem

COUNTS = {"20news-bydate-train": 6, "20news-bydate-test": 3}
EVERY = [group for domain in newsgroups.GROUPS.values() for groups in domain for group in groups]
POST = """From: someone@example.org (Some One)
Subject: {group}

In article <1@example.org> other@example.org writes:
> what was quoted of {group}
This is number {number} of the posts in {group}, {part}.
Caf\xe9  stays.

--
Some One, who always signs
"""


def archive_of(posts: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, post in posts.items():
            member = tarfile.TarInfo(name)
            member.size = len(post)
            archive.addfile(member, io.BytesIO(post))
    return content.getvalue()


def posts(count: int = 5) -> dict[str, bytes]:
    made = {
        f"{part}/{group}/{number}": POST.format(group=group, number=number, part=part).encode("latin-1")
        for part in COUNTS
        for group in [*EVERY, "alt.atheism"]
        for number in range(count)
    }
    blank = {f"{part}/{group}/99": b"From: me\n\n> only quoted\n" for part in COUNTS for group in EVERY}
    return {**made, **blank, "20news-bydate-train/rec.autos/../../escape": b"x" * 100, "other/rec.autos/1": b"x" * 100}


@pytest.fixture
def root(tmp_path, monkeypatch):
    folder = tmp_path / "sets"
    folder.mkdir()
    monkeypatch.setenv("XFER_DATA", str(folder))
    return folder


def build(key: str):
    return newsgroups.build_domain(key, domain_info(key).card, COUNTS)


def test_halves_have_the_same_classes_and_no_group_in_common():
    first, second = (set(sum(domain, ())) for domain in newsgroups.GROUPS.values())
    assert not first & second
    for domain in newsgroups.GROUPS.values():
        for top, groups in zip(("comp.", "rec.", "sci.", "talk."), domain, strict=True):
            assert all(group.startswith(top) for group in groups)
    problem = Problem(source=("newsgroups.first",), target=("newsgroups.second",), tasks=("subject",))
    assert problem.classes()["subject"] == newsgroups.CLASSES


@pytest.mark.parametrize("key", list(newsgroups.GROUPS))
def test_posts_are_read_without_header_quotations_and_signature(root, key):
    (root / newsgroups.ARCHIVE).write_bytes(archive_of(posts()))
    domain = build(key)
    texts = decode_texts(domain.inputs)
    assert len(domain) == 4 * 9
    assert len(set(texts)) == 4 * 9
    for text, label, tested in zip(
        texts, domain.tasks["subject"].labels.tolist(), domain.official_test.tolist(), strict=True
    ):
        group = text.split("in ")[1].split(",")[0]
        assert group in newsgroups.GROUPS[key][label]
        part = "20news-bydate-test" if tested else "20news-bydate-train"
        number = text.split("number ")[1][0]
        assert text == f"This is number {number} of the posts in {group}, {part}. Café stays."
    assert domain.official_test.sum() == 12
    again = build(key)
    assert (again.inputs == domain.inputs).all(), "always the same"
    assert not (root.parent / "escape").exists()


def test_a_post_of_both_halves_is_one_example(root):
    made = posts(3)
    twin = POST.format(group="both", number=1, part="any").encode("latin-1")
    for group in ("sci.crypt", "sci.electronics", "sci.med", "sci.space"):
        for number in range(3):
            made[f"20news-bydate-train/{group}/{number}"] = POST.format(
                group=group, number=number, part="train"
            ).encode()
    made["20news-bydate-train/sci.crypt/0"] = made["20news-bydate-train/sci.med/0"] = twin
    (root / newsgroups.ARCHIVE).write_bytes(archive_of(made))
    first, second = (build(key).example_ids.tolist() for key in newsgroups.GROUPS)
    assert len(set(first) & set(second)) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no archive", "gzip"),
        (archive_of(posts())[:-2000], "end-of-stream"),
        (archive_of(posts(2)), "4 posts of"),
    ],
    ids=["not an archive", "cut short", "too few"],
)
def test_an_archive_that_cannot_be_used_is_named_with_the_reason(root, content, reason):
    (root / newsgroups.ARCHIVE).write_bytes(content)
    with pytest.raises(XferError) as caught:
        build("newsgroups.first")
    assert caught.value.code == "broken_data"
    assert reason in str(caught.value)
    assert str(root) in str(caught.value)


class Answer(io.BytesIO):
    """What a server gives, in one piece."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.headers, self.status = {"Content-Length": str(len(content))}, 200


def test_it_is_downloaded_once_and_checked(root, monkeypatch):
    content = archive_of(posts())
    asked = []

    def open_url(request, *_, **__):
        asked.append(request.full_url)
        return Answer(content)

    monkeypatch.setattr(urllib.request, "urlopen", open_url)
    assert not is_available("newsgroups.first")
    with pytest.raises(XferError) as caught:
        download("newsgroups.first")
    assert caught.value.code == "no_download"
    assert "checksum" in str(caught.value)
    assert not list(root.glob("20news*.gz"))
    monkeypatch.setattr(newsgroups, "SHA256", hashlib.sha256(content).hexdigest())
    download("newsgroups.first")
    assert is_available("newsgroups.first")
    assert is_available("newsgroups.second"), "both are in one file"
    assert (root / newsgroups.ARCHIVE).read_bytes() == content
    assert set(asked) == {newsgroups.URL}


def test_without_a_network_a_sentence_says_so(root, monkeypatch):
    def open_url(*_, **__):
        raise URLError("Name or service not known")

    monkeypatch.setattr(urllib.request, "urlopen", open_url)
    with pytest.raises(XferError) as caught:
        load_domain("newsgroups.second")
    assert caught.value.code == "no_download"
    assert "could not be downloaded" in str(caught.value)
    assert "Name or service not known" in str(caught.value)
