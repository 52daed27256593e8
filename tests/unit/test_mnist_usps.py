"""MNIST and USPS: read as they are published, from files that may not be touched; fetched whole or not at all."""

from __future__ import annotations

import bz2
import gzip
import struct
import threading
import time
import urllib.request
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from torchvision.datasets import USPS

from tests.support.data import needs_data
from tests.support.mnist_files import FILES, IMAGES, LABELS, RAW, TEST, TEST_IMAGES, TEST_LABELS, TRAIN, fill, idx
from xfer_core import domains
from xfer_core.cli import main
from xfer_core.domains import domain_info, download, downloads, is_available, load_domain, mnist_usps
from xfer_core.errors import XferError
from xfer_core.settings import settings


def tree(root: Path) -> dict[str, int]:
    return {str(path.relative_to(root)): path.lstat().st_mtime_ns for path in sorted(root.rglob("*"))}


# ---------------------------------------------------------------------- the real files


@needs_data
def test_mnist_shows_the_bytes_of_the_official_files(real_data):
    domain = load_domain("mnist")
    at = 0
    for part, count, official in (("train", 60_000, False), ("t10k", 10_000, True)):
        images = gzip.decompress((real_data / f"MNIST/raw/{part}-images-idx3-ubyte.gz").read_bytes())[16:]
        labels = gzip.decompress((real_data / f"MNIST/raw/{part}-labels-idx1-ubyte.gz").read_bytes())[8:]
        here = slice(at, at + count)
        assert domain.inputs[here].numpy().tobytes() == images
        assert domain.tasks["digit"].labels[here].to(torch.uint8).numpy().tobytes() == labels
        assert (domain.official_test[here] == official).all()
        at += count
    assert at == len(domain)
    assert torch.equal(domain.tasks["parity"].labels, domain.tasks["digit"].labels % 2)


@needs_data
def test_usps_shows_the_pixels_of_the_text_enlarged(real_data):
    domain = load_domain("usps")
    # Bilinear by hand: each new pixel lies between two old ones, at a place that is the same for rows and columns.
    place = ((np.arange(28) + 0.5) * 16 / 28 - 0.5).clip(0, 15)
    before = np.floor(place).astype(int)
    after, weight = np.minimum(before + 1, 15), place - before
    mix = np.zeros((28, 16))
    mix[np.arange(28), before] += 1 - weight
    mix[np.arange(28), after] += weight
    for name, first, official in (("usps.bz2", 0, False), ("usps.t.bz2", 7291, True)):
        lines = bz2.decompress((real_data / name).read_bytes()).decode().split("\n")[:100]
        for i, line in enumerate(lines, first):
            label, *values = line.split()
            pixels = (np.array([float(v.partition(":")[2]) for v in values], dtype=np.float32) + 1) / 2 * 255
            expected = mix @ pixels.astype(np.uint8).reshape(16, 16) @ mix.T
            assert np.abs(domain.inputs[i, 0].numpy() - expected).max() <= 0.51
            assert domain.tasks["digit"].labels[i] == int(label) - 1
            assert domain.official_test[i] == official
    assert domain.official_test.sum() == 2007


# ---------------------------------------------------------------------- reading


@pytest.mark.parametrize("key", ["mnist", "usps"])
def test_reading_leaves_the_data_folder_as_it_was(folder, key):
    fill(folder)
    before = tree(folder)
    domain = load_domain(key)
    assert len(domain) == TRAIN + TEST
    assert domain.official_test.tolist() == [False] * TRAIN + [True] * TEST
    assert tree(folder) == before


def test_unpacked_files_of_mnist_are_read_where_they_lie(folder):
    fill(folder)
    packed = domain_info("mnist").build()
    for path in folder.glob("MNIST/raw/*.gz"):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    assert is_available("mnist")
    unpacked = domain_info("mnist").build()
    assert torch.equal(unpacked.inputs, packed.inputs)
    assert torch.equal(unpacked.tasks["digit"].labels, packed.tasks["digit"].labels)


def test_usps_is_parsed_once_and_anew_when_its_files_change(folder, monkeypatch):
    fill(folder)
    parsed = []
    read = USPS.__init__
    monkeypatch.setattr(USPS, "__init__", lambda self, *a, **k: (parsed.append(1), read(self, *a, **k))[1])
    first = domain_info("usps").build()
    assert len(parsed) == 2
    again = domain_info("usps").build()
    assert len(parsed) == 2
    assert torch.equal(first.inputs, again.inputs)
    assert torch.equal(first.tasks["digit"].labels, again.tasks["digit"].labels)
    lines = bz2.decompress(FILES["usps.t.bz2"]).decode().splitlines()
    (folder / "usps.t.bz2").write_bytes(bz2.compress("\n".join([*reversed(lines), ""]).encode()))
    changed = domain_info("usps").build()
    assert len(parsed) == 4
    assert torch.equal(changed.inputs[TRAIN:], first.inputs[TRAIN:].flip(0))


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_cache_is_replaced(folder, damage):
    fill(folder)
    first = domain_info("usps").build()
    cache = settings().home / "cache" / "usps.npz"
    whole = cache.read_bytes()
    cache.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    assert torch.equal(domain_info("usps").build().inputs, first.inputs)
    assert cache.read_bytes() == whole
    assert [path.name for path in cache.parent.iterdir()] == ["usps.npz"]


def test_no_flipped_byte_of_the_cache_reaches_a_sample(folder):
    fill(folder)
    first = domain_info("usps").build()
    cache = settings().home / "cache" / "usps.npz"
    whole = cache.read_bytes()
    for at in range(0, len(whole), 211):
        cache.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        again = domain_info("usps").build()
        assert torch.equal(again.inputs, first.inputs)
        assert torch.equal(again.tasks["digit"].labels, first.tasks["digit"].labels)


@pytest.mark.parametrize("change", ["fewer", "wider", "of floats", "with a 77", "renamed", "pickled"])
def test_a_cache_of_another_version_is_replaced(folder, change):
    fill(folder)
    first = domain_info("usps").build()
    cache = settings().home / "cache" / "usps.npz"
    with np.load(cache) as kept:
        arrays = dict(kept)
    pixels, digits = arrays["train_pixels"], arrays["train_digits"]
    other = {
        "fewer": {"train_pixels": pixels[:-10], "train_digits": digits[:-10]},
        "wider": {"train_pixels": np.repeat(pixels, 2, 2)},
        "of floats": {"train_pixels": pixels / np.float32(255)},
        "with a 77": {"train_digits": np.where(np.arange(TRAIN), digits, 77)},
        "renamed": {"train_digits": None},
        "pickled": {"train_digits": np.array([{}] * TRAIN)},
    }[change]
    np.savez(cache, **{name: array for name, array in {**arrays, **other}.items() if array is not None})
    again = domain_info("usps").build()
    assert torch.equal(again.inputs, first.inputs)
    assert torch.equal(again.tasks["digit"].labels, first.tasks["digit"].labels)
    with np.load(cache) as kept:
        assert np.array_equal(kept["train_pixels"], pixels)


def test_a_home_that_cannot_be_written_to_costs_time_only(folder, tmp_path):
    fill(folder)
    settings().home.mkdir(parents=True)
    (settings().home / "cache").write_text("in the way")
    assert len(domain_info("usps").build()) == TRAIN + TEST


@pytest.mark.parametrize(
    "name", ["MNIST/raw/train-images-idx3-ubyte.gz", "MNIST/raw/t10k-labels-idx1-ubyte.gz", "usps.bz2"]
)
@pytest.mark.parametrize("damage", ["cut", "nonsense", "empty", "flipped"])
def test_files_that_cannot_be_read_are_named(folder, name, damage):
    fill(folder)
    content = bytearray(FILES[name])
    content[len(content) // 2] ^= 0xFF
    cases = {"cut": FILES[name][: len(FILES[name]) // 2], "nonsense": b"\x01" * 99, "empty": b"", "flipped": content}
    (folder / name).write_bytes(cases[damage])
    key = "usps" if "usps" in name else "mnist"
    with pytest.raises(XferError) as caught:
        load_domain(key, "problem.source")
    error = caught.value
    assert (error.code, error.field, error.value) == ("broken_data", "problem.source", key)
    assert str(folder) in str(error)
    assert Path(name).name in str(error)
    assert "\n" not in str(error)


# ---------------------------------------------------------------------- files that are readable, and not what they say


def idx_with(name: str, change) -> bytes:
    """One of MNIST's made-up files with its array changed, packed."""
    plain = gzip.decompress(FILES[name])
    dims = plain[3]
    array = np.frombuffer(plain, np.uint8, offset=4 * (dims + 1)).reshape(
        struct.unpack(f">{dims}I", plain[4:][: 4 * dims])
    )
    return gzip.compress(idx(np.ascontiguousarray(change(array.copy()))))


def put(array: np.ndarray, at: int, value: int) -> np.ndarray:
    array[at] = value
    return array


def text_with(name: str, change) -> bytes:
    """One of USPS' made-up files with its lines changed, packed."""
    lines = bz2.decompress(FILES[name]).decode().splitlines()
    return bz2.compress("\n".join([*change(lines), ""]).encode())


def relabelled(lines: list[str], label: str) -> list[str]:
    return [f"{label} {lines[0].partition(' ')[2]}", *lines[1:]]


SWAPPED = {
    "labels of the test images": ({LABELS: FILES[TEST_LABELS]}, "wrong_labels", LABELS, "20 from 0 to 9"),
    "labels of the training images": ({TEST_LABELS: FILES[LABELS]}, "wrong_labels", TEST_LABELS, "40 from 0 to 9"),
    "test images": ({IMAGES: FILES[TEST_IMAGES]}, "wrong_images", IMAGES, "20×28×28"),
    "test part twice": (
        {IMAGES: FILES[TEST_IMAGES], LABELS: FILES[TEST_LABELS]}, "wrong_images", IMAGES, "20×28×28",
    ),
    "a byte of 77": ({LABELS: idx_with(LABELS, lambda a: put(a, 0, 77))}, "wrong_labels", LABELS, "40 from 0 to 77"),
    "no label": ({LABELS: idx_with(LABELS, lambda a: a[:0])}, "broken_data", "train-labels", "mnist"),
    "one digit too many": (
        {LABELS: idx_with(LABELS, lambda a: put(a, 0, 1))}, "wrong_digits", LABELS, "3, 5, 4, 4, 4, 4, 4, 4, 4, 4",
    ),
    "smaller images": ({IMAGES: idx_with(IMAGES, lambda a: a[:, ::2, ::2])}, "wrong_images", IMAGES, "40×14×14"),
    "images as one row": (
        {IMAGES: idx_with(IMAGES, lambda a: a.reshape(40, 28 * 28))}, "broken_data", "train-images", "mnist",
    ),
    "USPS' test part twice": ({"usps.bz2": FILES["usps.t.bz2"]}, "wrong_images", "usps.bz2", "20×16×16"),
    "USPS with a label 0": (
        {"usps.bz2": text_with("usps.bz2", lambda lines: relabelled(lines, "0"))},
        "wrong_labels", "usps.bz2", "40 from -1 to 9",
    ),
    "USPS with a label 78": (
        {"usps.bz2": text_with("usps.bz2", lambda lines: relabelled(lines, "78"))},
        "wrong_labels", "usps.bz2", "40 from 0 to 77",
    ),
    "USPS with other digits": (
        {"usps.bz2": text_with("usps.bz2", lambda lines: relabelled(lines, "2"))},
        "wrong_digits", "usps.bz2", "3, 5, 4, 4, 4, 4, 4, 4, 4, 4",
    ),
    "USPS with two images a line": (
        {"usps.bz2": text_with("usps.bz2", lambda lines: [f"{one} {one.partition(' ')[2]}" for one in lines])},
        "wrong_images", "usps.bz2", "80×16×16",
    ),
    "USPS with a pixel that is no number": (
        {"usps.bz2": text_with("usps.bz2", lambda lines: [lines[0].rpartition(":")[0] + ":nan", *lines[1:]])},
        "broken_data", "usps.bz2", "usps",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "code", "file", "found"), SWAPPED.values(), ids=SWAPPED)
def test_files_that_are_not_what_their_names_say_are_refused(folder, capsys, files, code, file, found):
    fill(folder)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    key = "usps" if "usps" in file else "mnist"
    with pytest.raises(XferError) as caught:
        load_domain(key, "problem.source")
    sentence = str(caught.value)
    assert (caught.value.code, caught.value.field) == (code, "problem.source")
    assert str(folder) in sentence
    assert file in sentence
    assert sentence.endswith(f"; found {found}.")
    assert main(["train", "--set", f'problem.source=["{key}"]']) == 2, "nothing is trained on them"
    assert capsys.readouterr().err == f"{sentence}\n"


def test_the_file_that_was_read_is_named(folder):
    """Packed or not: the file that must be removed."""
    fill(folder)
    (folder / LABELS).with_suffix("").write_bytes(idx(np.full(TRAIN, 77, dtype=np.uint8)))
    with pytest.raises(XferError, match=r"/train-labels-idx1-ubyte; remove it .* found 40 from 77 to 77\."):
        load_domain("mnist")


def test_files_packed_anew_are_the_same_data(folder):
    fill(folder)
    before = domain_info("mnist").build()
    for name in (IMAGES, LABELS):
        (folder / name).write_bytes(gzip.compress(gzip.decompress(FILES[name]), 1))
    assert torch.equal(domain_info("mnist").build().inputs, before.inputs)


@needs_data
@pytest.mark.parametrize("part", ["train", "t10k"])
@pytest.mark.parametrize("shift", [1, 100, None], ids=["by one", "by a hundred", "sorted"])
def test_labels_of_other_images_are_noticed_though_their_number_and_digits_are_right(
    real_data, tmp_path, monkeypatch, part, shift
):
    for path in real_data.glob("MNIST/raw/*.gz"):
        link = tmp_path / path.relative_to(real_data)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    labels = tmp_path / RAW / f"{part}-labels-idx1-ubyte.gz"
    array = np.frombuffer(gzip.decompress(labels.read_bytes()), np.uint8, offset=8)
    labels.unlink()
    labels.write_bytes(gzip.compress(idx(np.sort(array) if shift is None else np.roll(array, shift)), 1))
    monkeypatch.setenv("XFER_DATA", str(tmp_path))
    domains.registry()._build.cache_clear()
    try:
        with pytest.raises(XferError) as caught:
            load_domain("mnist", "problem.source")
    finally:
        domains.registry()._build.cache_clear()
    assert (caught.value.code, caught.value.field) == ("wrong_pairs", "problem.source")
    assert str(labels) in str(caught.value)
    assert int(caught.value.value.removesuffix("%")) < 30


@needs_data
@pytest.mark.parametrize("key", ["mnist", "usps"])
def test_of_the_real_images_most_lie_nearest_to_the_mean_of_their_digit(real_data, key):
    for read in {"mnist": mnist_usps.read_mnist, "usps": mnist_usps.read_usps}[key](real_data):
        assert mnist_usps._label_agreement(read) > 0.75


# ---------------------------------------------------------------------- fetching


def test_a_data_set_is_here_when_all_of_its_files_are(folder):
    assert not is_available("mnist")
    assert not is_available("usps")
    fill(folder)
    for name, content in FILES.items():
        (folder / name).unlink()
        assert (is_available("mnist"), is_available("usps")) == ("usps" in name, "usps" not in name)
        (folder / name).write_bytes(content)
    assert is_available("mnist")
    assert is_available("usps")
    assert is_available("digits.photo")


@pytest.mark.parametrize("key", ["mnist", "usps"])
def test_what_is_not_here_is_fetched_and_then_read(folder, network, key):
    fractions = []
    download(key, fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert is_available(key)
    archives = {name: content for name, content in FILES.items() if ("usps" in name) == (key == "usps")}
    assert {name: (folder / name).read_bytes() for name in archives} == archives
    assert sorted(network.asked) == sorted(Path(name).name for name in archives)
    assert not list(folder.rglob("*.part"))
    assert len(load_domain(key)) == TRAIN + TEST
    download(key)
    assert len(network.asked) == len(archives), "fetched again although it was here"


def test_loading_fetches_what_is_not_here(folder, network):
    assert len(load_domain("usps")) == TRAIN + TEST
    assert network.asked == ["usps.bz2", "usps.t.bz2"]


@pytest.mark.parametrize("key", ["mnist", "usps"])
@pytest.mark.parametrize("trouble", [URLError("no route to host"), TimeoutError("timed out"), b"something else"])
def test_a_download_that_fails_says_so_and_leaves_whole_files_only(folder, network, key, trouble):
    last = "t10k-labels-idx1-ubyte.gz" if key == "mnist" else "usps.t.bz2"
    network.files[last] = trouble
    for _ in range(2):
        with pytest.raises(XferError) as caught:
            load_domain(key, "problem.target")
        error = caught.value
        assert (error.code, error.field, error.value) == ("no_download", "problem.target", key)
        sentence = str(error)
        assert sentence.startswith("problem.target is not on this machine and could not be downloaded")
        assert str(folder) in sentence
        assert ("corrupted" if isinstance(trouble, bytes) else str(trouble.args[0])) in sentence
        assert sentence.endswith(f"; found {key}.")
        assert not is_available(key)
        there = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        assert there.items() <= FILES.items()
        assert last not in {Path(name).name for name in there}


def test_a_folder_that_cannot_be_made_is_named(folder, network):
    folder.write_text("a file is in the way")
    with pytest.raises(XferError) as caught:
        download("usps", field="problem.source")
    assert (caught.value.code, caught.value.field) == ("no_download", "problem.source")
    assert str(folder) in str(caught.value)


def test_many_who_ask_share_one_download(folder, network):
    go, errors = threading.Event(), []
    plain = network.open

    def slow(request, *rest, **more):
        go.wait(20)
        return plain(request, *rest, **more)

    urllib.request.urlopen = slow  # the network fixture puts the true one back

    def ask() -> None:
        try:
            download("usps")
        except XferError as error:
            errors.append(error)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    time.sleep(0.1)
    go.set()
    for asker in askers:
        asker.join(20)
    assert not errors
    assert sorted(network.asked) == ["usps.bz2", "usps.t.bz2"]


def test_a_download_that_hangs_is_given_up_and_can_be_tried_again(folder, network, monkeypatch):
    monkeypatch.setattr(downloads, "STALL_SECONDS", 0.3)
    stuck = threading.Event()
    plain = network.open
    monkeypatch.setattr(urllib.request, "urlopen", lambda *a, **k: stuck.wait(30) and plain(*a, **k))
    with pytest.raises(XferError) as caught:
        download("usps")
    assert caught.value.code == "no_download"
    assert "no data arrived" in str(caught.value)
    monkeypatch.setattr(urllib.request, "urlopen", plain)
    monkeypatch.setattr(downloads, "STALL_SECONDS", 30)
    download("usps")
    assert is_available("usps")
    stuck.set()


def test_sizes_are_given_in_megabytes():
    assert domain_info("mnist").download.megabytes == 12
    assert domain_info("usps").download.megabytes == 8
    assert all(0 < size < 100 for size in (domain_info(key).download.megabytes for key in ("mnist", "usps")))


def test_data_lies_in_the_home_unless_it_is_said_otherwise(monkeypatch, tmp_path):
    monkeypatch.delenv("XFER_DATA", raising=False)
    assert settings().data_folder == settings().home / "data"
    monkeypatch.setenv("XFER_DATA", str(tmp_path / "elsewhere"))
    assert settings().data_folder == tmp_path / "elsewhere"
