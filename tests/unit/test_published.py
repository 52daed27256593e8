"""SVHN, EMNIST, KMNIST, Fashion-MNIST, CIFAR-10 and STL-10: their official formats, test sets and common classes."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.datasets import EMNIST, KMNIST, STL10, SVHN, FashionMNIST

from tests.support.published_files import TEST, TRAIN, write_small
from xfer_core.domains import domain_info, is_available, load_domain, published
from xfer_core.errors import XferError
from xfer_core.problems.problem import Problem, split_problem

every_set = pytest.mark.parametrize("name", published.SETS)


@every_set
def test_a_small_file_in_the_official_format_is_read_byte_by_byte(small_sets: Path, name):
    assert not is_available(name)
    pixels, labels = write_small(small_sets, name)
    if not name.startswith("emnist"):  # one archive holds both
        assert is_available(name)
    domain = domain_info(name).build()
    domain_info(name).check_domain(domain)
    known = published.SETS[name]
    assert domain.inputs.numpy().tobytes() == pixels.tobytes()
    assert domain.tasks[known.task].labels.tolist() == labels.tolist()
    assert domain.official_test.tolist() == [False] * TRAIN * len(known.classes) + [True] * TEST * len(known.classes)


def torchvision_reads(name: str, root: Path, train: bool):
    """The same files by torchvision: pixels as its pictures show them, and labels."""
    split = "train" if train else "test"
    if name == "svhn":
        return SVHN(root, split)
    if name == "stl10":
        return STL10(root, split)
    kind = {"kmnist": KMNIST, "fashion_mnist": FashionMNIST}[name]
    return kind(root, train=train)


@pytest.mark.parametrize("name", ["svhn", "stl10", "kmnist", "fashion_mnist"])
def test_torchvision_reads_the_same(small_sets: Path, monkeypatch, name):
    write_small(small_sets, name)
    domain = domain_info(name).build()
    for kind in (SVHN, STL10):
        monkeypatch.setattr(kind, "_check_integrity", lambda self: True)
    for packed in small_sets.rglob("*.gz"):  # torchvision reads unpacked files
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    at, labels = 0, domain.tasks[published.SETS[name].task].labels
    for train in (True, False):
        theirs = torchvision_reads(name, small_sets, train)
        for picture, label in theirs:
            array = np.atleast_3d(np.asarray(picture)).transpose(2, 0, 1)
            assert array.tobytes() == domain.inputs[at].numpy().tobytes()
            assert int(label) == int(labels[at])
            assert bool(domain.official_test[at]) is not train
            at += 1
    assert at == len(domain)


def test_both_splits_of_emnist_come_in_one_archive_and_stand_upright(small_sets: Path):
    for split in ("digits", "letters"):
        write_small(small_sets, f"emnist.{split}")
    assert is_available("emnist.digits")
    assert is_available("emnist.letters")
    (file,) = domain_info("emnist.letters").download.files()
    assert file.urls == (EMNIST.url,)
    assert {place.name for place in file.places(small_sets)} == {path.name for path in small_sets.rglob("*.gz")}


@every_set
def test_what_is_downloaded_is_what_is_read(small_sets: Path, name):
    write_small(small_sets, name)
    if name.startswith("emnist"):
        write_small(small_sets, "emnist.letters" if name.endswith("digits") else "emnist.digits")
    places = [place for file in domain_info(name).download.files() for place in file.places(small_sets)]
    assert all(place.is_file() for place in places)
    assert is_available(name)
    places[0].unlink()
    assert not is_available(name)
    for file in domain_info(name).download.files():
        assert len(file.checksum) in (32, 64)
        assert all(url.startswith(("http://", "https://")) for url in file.urls)


def test_digits_share_their_task_with_every_domain_of_digits():
    for key in ("svhn", "emnist.digits"):
        assert domain_info(key).tasks["digit"] == domain_info("mnist").tasks["digit"]
        Problem(source=(key,), target=("usps",), tasks=("digit", "parity")).check_names()


def test_nine_classes_are_common_to_cifar10_and_stl10(small_sets: Path):
    images, labels = {}, {}
    for name in ("cifar10", "stl10"):
        images[name], labels[name] = write_small(small_sets, name)
    assert domain_info("cifar10.nine").tasks == domain_info("stl10.nine").tasks == {"object": published.NINE}
    assert len(published.NINE) == 9
    assert not {"frog", "monkey"} & set(published.NINE)
    for name in ("cifar10", "stl10"):
        domain, known = load_domain(f"{name}.nine"), published.SETS[name]
        classes = [known.classes[number] for number in labels[name]]
        kept = [at for at, one in enumerate(classes) if one in published.NINE]
        assert domain.example_ids.tolist() == kept
        assert [published.NINE[label] for label in domain.tasks["object"].labels.tolist()] == [
            classes[at] for at in kept
        ]
        assert int(domain.official_test.sum()) == 9 * TEST
        blocks = images[name][kept].reshape(len(kept), 3, 32, -1, 32, images[name].shape[-1] // 32).mean((3, 5))
        assert np.abs(domain.inputs.numpy() - blocks).max() <= 0.5 + 1e-4


def test_a_transfer_between_them_uses_the_whole_official_test_set(small_sets: Path):
    for name in ("cifar10", "stl10"):
        write_small(small_sets, name)
    problem = Problem(source=("cifar10.nine",), target=("stl10.nine",), tasks=("object",), labels_per_class=0)
    data = split_problem(problem, 0)
    for key in ("cifar10.nine", "stl10.nine"):
        domain = load_domain(key)
        expected = domain.example_ids[domain.official_test].tolist()
        assert sorted(data.held_out[key, "test"].example_ids.tolist()) == expected


def test_a_set_and_a_part_of_it_never_share_an_example(small_sets: Path):
    write_small(small_sets, "cifar10")
    problem = Problem(source=("cifar10",), target=("cifar10.nine",), tasks=("object",), labels_per_class=0)
    data = split_problem(problem, 0)
    found = [ids for samples in data.held_out.values() for ids in samples.example_ids.tolist()]
    found += data.training["cifar10"].labelled.example_ids.tolist()
    assert len(found) == len(set(found))


@every_set
def test_other_files_are_refused_with_what_they_hold(small_sets: Path, monkeypatch, name):
    write_small(small_sets, name)
    known = published.SETS[name]
    counts = ((TRAIN + 1, *known.counts[0][1:]), known.counts[1])
    monkeypatch.setitem(published.SETS, name, _with(known, counts))
    with pytest.raises(XferError) as caught:
        domain_info(name).build()
    assert caught.value.code == "broken_data"
    assert "the training images are" in str(caught.value)
    counts = ((TRAIN + 1, TRAIN - 1, *known.counts[0][2:]), known.counts[1])
    monkeypatch.setitem(published.SETS, name, _with(known, counts))
    with pytest.raises(XferError, match="the training labels are"):
        domain_info(name).build()


def _with(known: published.Published, counts) -> published.Published:
    return replace(known, counts=counts)


@every_set
@pytest.mark.parametrize("damage", ["cut", "empty", "nonsense"])
def test_damaged_files_are_explained(small_sets: Path, name, damage):
    write_small(small_sets, name)
    for path in small_sets.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            path.write_bytes({"cut": content[: len(content) // 2 + 1], "empty": b"", "nonsense": b"\x01" * 99}[damage])
    with pytest.raises(XferError) as caught:
        domain_info(name).build()
    assert caught.value.code == "broken_data"
    assert str(small_sets) in str(caught.value)


def test_images_are_shrunk_by_the_mean_of_each_block():
    pixels = torch.arange(9, dtype=torch.uint8).reshape(1, 1, 3, 3)
    assert published.block_means(pixels, 1).tolist() == [[[[4]]]]
    assert torch.equal(published.block_means(pixels, 3), pixels)


def test_the_known_numbers_are_those_of_the_papers():
    totals = {name: tuple(map(sum, known.counts)) for name, known in published.SETS.items()}
    assert totals == {
        "svhn": (73_257, 26_032),
        "emnist.digits": (240_000, 40_000),
        "emnist.letters": (124_800, 20_800),
        "kmnist": (60_000, 10_000),
        "fashion_mnist": (60_000, 10_000),
        "cifar10": (50_000, 10_000),
        "stl10": (5_000, 8_000),
    }
