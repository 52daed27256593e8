"""The two classic data sets of handwritten digits, MNIST and USPS, as torchvision reads them.

Both are grey, 1×28×28 uint8, white on black; USPS is enlarged from 16×16. Both keep the test part that their makers set
apart. Their files lie in the data folder (``XFER_DATA``) and are only ever read: what torchvision would unpack beside
them is unpacked in a temporary folder.
"""

from __future__ import annotations

import gzip
import io
import shutil
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from xfer_core.domains.base import Card, Domain, Offer, Task
from xfer_core.domains.downloads import Download
from xfer_core.domains.drawing import placed
from xfer_core.domains.tilt import tilt_task
from xfer_core.errors import XferError
from xfer_core.files import write_whole
from xfer_core.settings import settings

SIZE = 28
MNIST_RAW = Path("MNIST", "raw")
MNIST_FILES = tuple(f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1"))
USPS_FILES = ("usps.bz2", "usps.t.bz2")
CACHED = ("train_pixels", "train_digits", "test_pixels", "test_digits")
# What the readers of gzip, bzip2, MNIST's header and USPS' text raise on files that are cut or something else.
BROKEN = (
    *(OSError, EOFError, ValueError, LookupError, TypeError, AssertionError, RuntimeError),
    *(zlib.error, zipfile.BadZipFile),
)
DIGITS = tuple("0123456789")


class Read(NamedTuple):
    """One part of a data set: grey pixels, uint8 (N, H, W), and the digit each shows, int64 (N,)."""

    pixels: Tensor
    digits: Tensor


# ---------------------------------------------------------------------- MNIST


def mnist_is_here(root: Path) -> bool:
    """Whether every file of MNIST is in the data folder, packed or unpacked."""
    raw = root / MNIST_RAW
    return all((raw / name).is_file() or (raw / f"{name}.gz").is_file() for name in MNIST_FILES)


def read_mnist(root: Path) -> tuple[Read, Read]:
    """MNIST's training and test part, 60,000 and 10,000 images of 28×28."""
    raw = root / MNIST_RAW
    if all((raw / name).is_file() for name in MNIST_FILES):
        return _mnist_parts(root)
    with TemporaryDirectory(prefix="xfer-") as folder:
        unpacked = Path(folder) / MNIST_RAW
        unpacked.mkdir(parents=True)
        for name in MNIST_FILES:
            with gzip.open(raw / f"{name}.gz") as packed, open(unpacked / name, "wb") as plain:
                shutil.copyfileobj(packed, plain, 1 << 20)
        return _mnist_parts(Path(folder))


def _mnist_parts(root: Path) -> tuple[Read, Read]:
    from torchvision.datasets import MNIST

    train, test = MNIST(root, train=True), MNIST(root, train=False)
    return Read(train.data, train.targets), Read(test.data, test.targets)


def _fetch_mnist(folder: Path) -> None:
    from torchvision.datasets import MNIST

    MNIST(folder, download=True)


# ---------------------------------------------------------------------- USPS


def usps_is_here(root: Path) -> bool:
    """Whether both files of USPS are in the data folder."""
    return all((root / name).is_file() for name in USPS_FILES)


def read_usps(root: Path) -> tuple[Read, Read]:
    """USPS' training and test part, 7,291 and 2,007 images of 16×16.

    The files are text, slow to parse: what was read is kept in ``XFER_HOME/cache``, with size and time of the files
    that it was read from.
    """
    stats = [(root / name).stat() for name in USPS_FILES]
    stamp = np.array([(stat.st_size, stat.st_mtime_ns) for stat in stats])
    cache = settings().home / "cache" / "usps.npz"
    with suppress(*BROKEN), np.load(cache) as kept:  # none yet, or damaged: the text is read
        if np.array_equal(kept["stamp"], stamp):
            arrays = [torch.from_numpy(kept[name]) for name in CACHED]
            return Read(*arrays[:2]), Read(*arrays[2:])
    from torchvision.datasets import USPS

    parts = [USPS(root, train=train) for train in (True, False)]
    train, test = (Read(torch.from_numpy(part.data), torch.tensor(part.targets)) for part in parts)
    with suppress(OSError):  # a home that cannot be written to costs time, not the data
        _keep(cache, stamp, train, test)
    return train, test


def _keep(cache: Path, stamp: np.ndarray, train: Read, test: Read) -> None:
    """Write the cache in one go: another process sees the whole file or none."""
    arrays = {name: tensor.numpy() for name, tensor in zip(CACHED, (*train, *test), strict=True)}
    whole = io.BytesIO()
    np.savez(whole, stamp=stamp, **arrays)  # pyright: ignore[reportArgumentType]
    write_whole(cache, whole.getbuffer())


def _fetch_usps(folder: Path) -> None:
    from torchvision.datasets import USPS

    for train in (True, False):
        USPS(folder, train=train, download=True)


# ---------------------------------------------------------------------- domains


def make(key: str, card: Card, read: Callable[[Path], tuple[Read, Read]]) -> Domain:
    """One of the data sets, its training part first.

    Args:
        key: the domain's name.
        card: where it is from.
        read: data folder → training and test part.

    Raises:
        XferError: ``broken_data`` if the files are not what they should be.
    """
    root = settings().data_folder
    try:
        train, test = read(root)
    except BROKEN as error:
        raise XferError("broken_data", "domain", key, folder=root, reason=str(error) or type(error).__name__) from None
    digit = torch.cat([train.digits, test.digits])
    samples = torch.cat([_enlarged(train.pixels), _enlarged(test.pixels)])
    return Domain(
        key=key,
        card=card,
        pool=card.title,
        samples=samples,
        originals=torch.arange(len(digit)),
        tasks={
            "digit": Task("digit", digit, DIGITS),
            "parity": Task("parity", digit % 2, ("even", "odd")),
            "tilt": tilt_task(samples),
        },
        official_test=torch.arange(len(digit)) >= len(train.digits),
    )


def _enlarged(pixels: Tensor) -> Tensor:
    """uint8 (N, H, W) → uint8 (N, 1, 28, 28), bilinear where the size differs."""
    grey = pixels[:, None]
    if grey.shape[2:] == (SIZE, SIZE):
        return grey.contiguous()
    return F.interpolate(grey.float(), size=(SIZE, SIZE), mode="bilinear", align_corners=False).round().to(torch.uint8)


def show_mnist(ink: Tensor, ways: int) -> Tensor:
    """A drawing as MNIST shows it: 20 pixels the longer side, the centre of mass in the middle of 28×28."""
    return _bytes(placed(ink, SIZE, 20, by_mass=True)).expand(ways, -1, -1, -1)


def show_usps(ink: Tensor, ways: int) -> Tensor:
    """A drawing as USPS shows it: filling 16×16, then enlarged to 28×28 like the originals."""
    return _enlarged(_bytes(placed(ink, 16, 16))[:, 0]).expand(ways, -1, -1, -1)


def _bytes(grey: Tensor) -> Tensor:
    return (grey * 255).round().to(torch.uint8)


MNIST_CARD = Card(
    title="MNIST",
    description="Digits that clerks and pupils wrote, each centred in its image: the classic of machine learning.",
    source="MNIST (LeCun, Cortes and Burges, 1998), made from NIST Special Databases 1 and 3; read by torchvision",
    licence="CC BY-SA 3.0",
    recipe="as published: 28×28, grey, 60,000 to learn from and 10,000 to test on",
)
USPS_CARD = Card(
    title="USPS",
    description="Digits from envelopes of the US mail, scanned coarsely: close to MNIST, and yet not the same.",
    source="USPS (Hull, A database for handwritten text recognition research, 1994), in LIBSVM's form; read by "
    "torchvision",
    licence="its makers state none",
    recipe="enlarged from 16×16 to 28×28 (bilinear), grey, 7,291 to learn from and 2,007 to test on",
)
DOWNLOADS = {
    "mnist": Download(
        "MNIST", 11_594_722, tuple(str(MNIST_RAW / f"{name}.gz") for name in MNIST_FILES), mnist_is_here, _fetch_mnist
    ),
    "usps": Download("USPS", 8_411_109, USPS_FILES, usps_is_here, _fetch_usps),
}
DOMAINS: dict[str, Offer] = {
    key: Offer(
        card=card,
        samples=samples,
        shape=(1, SIZE, SIZE),
        tasks={"digit": DIGITS, "parity": ("even", "odd"), "tilt": ()},
        make=partial(make, key, card, read),
        download=DOWNLOADS[key],
        render=show,
    )
    for key, card, read, show, samples in (
        ("mnist", MNIST_CARD, read_mnist, show_mnist, 70_000),
        ("usps", USPS_CARD, read_usps, show_usps, 9_298),
    )
}
