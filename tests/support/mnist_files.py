"""MNIST and USPS in small: made-up files in the very formats, and an internet that serves them."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import struct
import urllib.request
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets import MNIST, USPS

from xfer_core import domains
from xfer_core.domains import domain_info, mnist_usps

TRAIN, TEST = 40, 20  # images of the made-up data sets


def idx(array: np.ndarray) -> bytes:
    """An array in the format of MNIST's files."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def made_up() -> dict[str, bytes]:
    """Small data sets in the very formats: path in the data folder → content."""
    random, files = np.random.default_rng(0), {}
    for part, text, count in (("train", "usps.bz2", TRAIN), ("t10k", "usps.t.bz2", TEST)):
        labels = np.arange(count, dtype=np.uint8) % 10
        pixels = random.integers(256, size=(count, 28, 28), dtype=np.uint8)
        files[f"MNIST/raw/{part}-images-idx3-ubyte.gz"] = gzip.compress(idx(pixels))
        files[f"MNIST/raw/{part}-labels-idx1-ubyte.gz"] = gzip.compress(idx(labels))
        rows = random.uniform(-1, 1, (count, 256)).round(3)
        lines = [
            " ".join([str(label + 1), *(f"{i + 1}:{value}" for i, value in enumerate(row))])
            for label, row in zip(labels, rows, strict=True)
        ]
        files[text] = bz2.compress("\n".join([*lines, ""]).encode())
    return files


FILES = made_up()


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A data folder that holds nothing yet, for data sets of the made-up size."""
    root = tmp_path / "sets"
    monkeypatch.setenv("XFER_DATA", str(root))
    small = {
        key: tuple(
            part._replace(per_digit=(count // 10,) * 10) for part, count in zip(parts, (TRAIN, TEST), strict=True)
        )
        for key, parts in mnist_usps.PARTS.items()
    }
    monkeypatch.setattr(mnist_usps, "PARTS", small)
    for key in small:
        monkeypatch.setitem(domains.registry().builtin, key, replace(domain_info(key), samples=TRAIN + TEST))
    domains.registry()._build.cache_clear()
    yield root
    domains.registry()._build.cache_clear()  # nothing made up may stay for other tests


def fill(root: Path, names=FILES) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(FILES[name])


class Response(io.BytesIO):
    """One file as the internet gives it; notes when its first byte is taken."""

    def __init__(self, content: bytes, url: str, asked: list[str]) -> None:
        super().__init__(content)
        self.url, self.asked = url, asked
        self.headers, self.status = {"Content-Length": str(len(content))}, 200

    def read(self, size=-1):
        if not self.tell():
            self.asked.append(self.url.rpartition("/")[2])
        return super().read(size)


class Network:
    """Stands for the internet: serves the made-up files, or what is put in their place."""

    def __init__(self, monkeypatch) -> None:
        self.asked, self.files = [], {Path(name).name: content for name, content in FILES.items()}
        checksums = {name: hashlib.md5(content).hexdigest() for name, content in self.files.items()}
        resources = [(name, checksums[name]) for name, _ in MNIST.resources]
        monkeypatch.setattr(MNIST, "resources", resources)
        parts = {part: [url, name, checksums[name]] for part, (url, name, _) in USPS.split_list.items()}
        monkeypatch.setattr(USPS, "split_list", parts)
        monkeypatch.setattr(urllib.request, "urlopen", self.open)

    def open(self, request, *_, **__):
        url = request.full_url
        content = self.files[url.rpartition("/")[2]]
        if isinstance(content, Exception):
            raise content
        return Response(content, url, self.asked)


@pytest.fixture
def network(monkeypatch) -> Network:
    """An internet with the made-up files."""
    return Network(monkeypatch)


RAW = "MNIST/raw"


IMAGES, LABELS = f"{RAW}/train-images-idx3-ubyte.gz", f"{RAW}/train-labels-idx1-ubyte.gz"


TEST_IMAGES, TEST_LABELS = f"{RAW}/t10k-images-idx3-ubyte.gz", f"{RAW}/t10k-labels-idx1-ubyte.gz"
