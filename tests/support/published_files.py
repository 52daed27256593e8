"""The published image data sets in small: made-up files in the official formats."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from tests.support.mnist_files import idx
from xfer_core import domains
from xfer_core.domains import domain_info, published

TRAIN, TEST = 3, 2  # images of each class


def write_small(root: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Write a data set; its pixels, uint8 (N, C, H, W), and the class of each, training part first."""
    known = published.SETS[name]
    channels, side, _ = known.shape
    random, pixels, labels = np.random.default_rng(0), [], []
    for count in (TRAIN, TEST):
        labels.append(np.tile(np.arange(len(known.classes)), count))
        pixels.append(random.integers(256, size=(len(labels[-1]), channels, side, side), dtype=np.uint8))
    for part, (images, numbers) in enumerate(zip(pixels, labels, strict=True)):
        for place, content in _files(name, part, images, numbers).items():
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            (root / place).write_bytes(content)
    if name == "svhn":
        for place, images, numbers in zip(("train", "test"), pixels, labels, strict=True):
            content = {"X": images.transpose(2, 3, 1, 0), "y": np.where(numbers == 0, 10, numbers)[:, None]}
            root.mkdir(parents=True, exist_ok=True)
            savemat(root / f"{place}_32x32.mat", {**content, "y": content["y"].astype(np.uint8)})
    return np.concatenate(pixels), np.concatenate(labels)


def _files(name: str, part: int, images: np.ndarray, labels: np.ndarray) -> dict[str, bytes]:
    """The files of a part: place → content."""
    numbers = labels.astype(np.uint8)
    if name == "cifar10":
        records = np.concatenate([numbers[:, None], images.reshape(len(images), -1)], axis=1)
        if part:
            return {"cifar-10-batches-bin/test_batch.bin": records.tobytes()}
        return {
            f"cifar-10-batches-bin/data_batch_{number}.bin": some.tobytes()
            for number, some in enumerate(np.array_split(records, 5), 1)
        }
    if name == "stl10":
        stem = f"stl10_binary/{('train', 'test')[part]}"
        return {f"{stem}_X.bin": images.transpose(0, 1, 3, 2).tobytes(), f"{stem}_y.bin": (numbers + 1).tobytes()}
    if name == "svhn":
        return {}
    grey = np.ascontiguousarray(images[:, 0])
    if name.startswith("emnist."):
        split = name.partition(".")[2]
        stem = f"EMNIST/raw/emnist-{split}-{('train', 'test')[part]}"
        grey, numbers = np.ascontiguousarray(grey.transpose(0, 2, 1)), numbers + (split == "letters")
    else:
        stem = f"{ {'kmnist': 'KMNIST', 'fashion_mnist': 'FashionMNIST'}[name] }/raw/{('train', 't10k')[part]}"
    return {
        f"{stem}-images-idx3-ubyte.gz": gzip.compress(idx(grey)),
        f"{stem}-labels-idx1-ubyte.gz": gzip.compress(idx(numbers.astype(np.uint8))),
    }


@pytest.fixture
def small_sets(tmp_path, monkeypatch) -> Path:
    """A data folder that holds nothing yet, for data sets of the made-up size."""
    root = tmp_path / "sets"
    monkeypatch.setenv("XFER_DATA", str(root))
    for name, known in published.SETS.items():
        counts = ((TRAIN,) * len(known.classes), (TEST,) * len(known.classes))
        monkeypatch.setitem(published.SETS, name, replace(known, counts=counts))
    for key in published.DOMAINS:
        info = domain_info(key)
        classes = next(iter(info.tasks.values()))
        small = replace(info, samples=len(classes) * (TRAIN + TEST))
        monkeypatch.setitem(domains.registry().builtin, key, small)
    domains.registry()._build.cache_clear()
    yield root
    domains.registry()._build.cache_clear()  # nothing made up may stay for other tests
