"""MNIST and USPS, the two classic data sets of handwritten digits, read with torchvision.

Both are grey, 1×28×28 uint8, white on black; USPS is enlarged from 16×16. Both keep their official test set. Their
files are in the data folder (``XFER_DATA``) and are only read: torchvision unpacks them in a temporary folder.

The data read is checked against known facts of the data set (``PARTS``). Checksums of the files are compared only
during the download: repacked files contain the same images.
"""

from __future__ import annotations

import gzip
import io
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from xfer_core.domains.base import Card, Domain, DomainInfo, Task
from xfer_core.domains.downloads import Download
from xfer_core.domains.remote_files import RemoteFile
from xfer_core.domains.tilt import UNITS, tilt_task
from xfer_core.errors import XferError
from xfer_core.files import write_whole
from xfer_core.modalities import ImageInput
from xfer_core.modalities.image.drawing import center_and_scale
from xfer_core.modalities.image.resizing import to_uint8
from xfer_core.settings import settings

if TYPE_CHECKING:
    from torchvision.datasets import MNIST

SIZE = 28
MNIST_RAW = Path("MNIST", "raw")
CACHED = ("train_pixels", "train_digits", "test_pixels", "test_digits")
# Raised by the readers of gzip, bzip2, MNIST's header and USPS' text for truncated or other files.
BROKEN = (
    *(OSError, EOFError, ValueError, LookupError, TypeError, AssertionError, RuntimeError, ArithmeticError),
    *(zlib.error, zipfile.BadZipFile),
)
PAIRED = 4000  # images of a part that are compared with their labels
DIGITS = tuple("0123456789")


class RawDataset(NamedTuple):
    """One part of a data set: grey pixels, uint8 (N, H, W), and the digit of each, int64 (N,)."""

    pixels: Tensor
    digits: Tensor


class Part(NamedTuple):
    """Known facts of one part of a data set.

    Attributes:
        images: name of the file with the images.
        labels: name of the file with the labels; the same one if it contains both.
        side: pixels per side of each image.
        per_digit: number of images of each digit, zero first.
    """

    images: str
    labels: str
    side: int
    per_digit: tuple[int, ...]


PARTS = {
    "mnist": (
        Part(
            "train-images-idx3-ubyte",
            "train-labels-idx1-ubyte",
            28,
            (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
        ),
        Part(
            "t10k-images-idx3-ubyte",
            "t10k-labels-idx1-ubyte",
            28,
            (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
        ),
    ),
    "usps": (
        Part("usps.bz2", "usps.bz2", 16, (1194, 1005, 731, 658, 652, 556, 664, 645, 542, 644)),
        Part("usps.t.bz2", "usps.t.bz2", 16, (359, 264, 198, 166, 200, 160, 170, 147, 166, 177)),
    ),
}
MNIST_FILES = tuple(name for part in PARTS["mnist"] for name in (part.images, part.labels))
USPS_FILES = tuple(part.images for part in PARTS["usps"])


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Convert exceptions of the readers into an error that names the file."""
    try:
        yield
    except BROKEN as error:
        raise ValueError(f"{path.name}: {str(error) or 'its content is not what its header says'}") from None


def check_part(part: Part, read: RawDataset, images: Path, labels: Path) -> None:
    """Reject data that is not this part of the data set.

    Numbers, sizes and the count of every digit are known. Whether labels belong to these images is checked on the
    images: four of five are nearest to the mean image of their own digit; with labels of other images, one in six.
    A few exchanged labels are not detected.

    Args:
        part: the known facts.
        read: the data.
        images: the file of the images.
        labels: the file of the labels.

    Raises:
        XferError: ``wrong_images``, ``wrong_labels``, ``wrong_digits`` or ``wrong_pairs``, for the field ``domain``.
    """
    count = sum(part.per_digit)
    expected, found = ("×".join(map(str, shape)) for shape in ((count, part.side, part.side), read.pixels.shape))
    if found != expected or read.pixels.dtype != torch.uint8:
        raise XferError("wrong_images", "domain", found, expected=expected, file=images)
    if read.digits.shape != (count,) or not 0 <= int(read.digits.min()) <= int(read.digits.max()) <= 9:
        found = f"{len(read.digits)} from {int(read.digits.min())} to {int(read.digits.max())}"
        raise XferError("wrong_labels", "domain", found, count=count, file=labels)
    per_digit = tuple(torch.bincount(read.digits, minlength=10).tolist())
    if per_digit != part.per_digit:
        raise XferError("wrong_digits", "domain", per_digit, expected=part.per_digit, file=labels)
    fitting = _label_agreement(read)
    if fitting < 0.5:
        raise XferError("wrong_pairs", "domain", f"{fitting:.0%}", file=labels)


def _label_agreement(read: RawDataset) -> float:
    """The fraction of images that are nearest to the mean of their own digit, among at most ``PAIRED``."""
    every = max(1, len(read.pixels) // PAIRED)
    pixels, digits = read.pixels[::every].flatten(1).float(), read.digits[::every]  # (N, D), (N,)
    ones = F.one_hot(digits, 10).float()  # (N, 10)
    means = ones.T @ pixels / ones.sum(0).clamp_min(1)[:, None]  # (10, D)
    nearest = (pixels @ means.T - means.square().sum(1) / 2).argmax(1)
    return float((nearest == digits).float().mean())


# ---------------------------------------------------------------------- MNIST


def mnist_is_available(root: Path) -> bool:
    """Whether every file of MNIST is in the data folder, packed or unpacked."""
    raw = root / MNIST_RAW
    return all((raw / name).is_file() or (raw / f"{name}.gz").is_file() for name in MNIST_FILES)


def read_mnist(root: Path) -> tuple[RawDataset, RawDataset]:
    """MNIST's training and test part, 60,000 and 10,000 images of 28×28; each file packed or unpacked.

    Raises:
        XferError: if they are not MNIST's; and the readers' exceptions.
    """
    from torchvision.datasets.mnist import read_image_file, read_label_file

    raw, found = root / MNIST_RAW, []
    for part in PARTS["mnist"]:
        images, labels = (packed_or_not(raw / name) for name in (part.images, part.labels))
        read = RawDataset(read_idx(images, read_image_file), read_idx(labels, read_label_file))
        check_part(part, read, images, labels)
        found.append(read)
    train, test = found
    return train, test


def packed_or_not(path: Path) -> Path:
    """The file, or where it is not there the same packed by gzip."""
    return path if path.is_file() else path.with_name(f"{path.name}.gz")


def read_idx(path: Path, reader: Callable[[str], Tensor]) -> Tensor:
    """One file of MNIST, by one of torchvision's readers, which read unpacked files only."""
    with _reading(path), TemporaryDirectory(prefix="xfer-") as folder:
        if path.suffix == ".gz":
            plain = Path(folder) / path.stem
            with gzip.open(path) as packed, plain.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked, 1 << 20)
            path = plain
        return reader(str(path))


def _mnist_files() -> tuple[RemoteFile, ...]:
    from torchvision.datasets import MNIST

    return idx_files(MNIST, MNIST_RAW)


def idx_files(data_set: type[MNIST], folder: Path) -> tuple[RemoteFile, ...]:
    """The files of a data set in MNIST's format, as torchvision knows them, for this folder of the data folder."""
    return tuple(
        RemoteFile(str(folder / name), tuple(f"{mirror}{name}" for mirror in data_set.mirrors), checksum)
        for name, checksum in data_set.resources
    )


# ---------------------------------------------------------------------- USPS


def usps_is_available(root: Path) -> bool:
    """Whether both files of USPS are in the data folder."""
    return all((root / name).is_file() for name in USPS_FILES)


def read_usps(root: Path) -> tuple[RawDataset, RawDataset]:
    """USPS' training and test part, 7,291 and 2,007 images of 16×16.

    The files are text, slow to parse, so the result is cached in ``XFER_HOME/cache``, with size and time of the files.

    Raises:
        XferError: if they are not those of USPS; and the readers' exceptions.
    """
    files = [root / name for name in USPS_FILES]
    stamp = np.array([(stat.st_size, stat.st_mtime_ns) for stat in (file.stat() for file in files)])
    cache = settings().home / "cache" / "usps.npz"
    with suppress(Exception), np.load(cache) as cached:  # missing, damaged or of another version: parse the text
        if np.array_equal(cached["stamp"], stamp):
            arrays = [torch.from_numpy(cached[name]) for name in CACHED]
            train, test = RawDataset(*arrays[:2]), RawDataset(*arrays[2:])
            for part, read in zip(PARTS["usps"], (train, test), strict=True):
                check_part(part, read, cache, cache)
            return train, test
    train, test = (_read_text(file, train) for file, train in zip(files, (True, False), strict=True))
    for part, read, file in zip(PARTS["usps"], (train, test), files, strict=True):
        check_part(part, read, file, file)
    with suppress(OSError):  # without a writable home the next call parses again
        _keep(cache, stamp, train, test)
    return train, test


def _read_text(file: Path, train: bool) -> RawDataset:
    """One file of USPS."""
    from torchvision.datasets import USPS

    with _reading(file), np.errstate(invalid="raise"):  # a NaN would become a pixel
        part = USPS(file.parent, train=train)
        return RawDataset(torch.from_numpy(part.data), torch.tensor(part.targets))


def _keep(cache: Path, stamp: np.ndarray, train: RawDataset, test: RawDataset) -> None:
    """Write the cache atomically: another process sees the whole file or none."""
    arrays = {name: tensor.numpy() for name, tensor in zip(CACHED, (*train, *test), strict=True)}
    whole = io.BytesIO()
    np.savez(whole, stamp=stamp, **arrays)  # pyright: ignore[reportArgumentType]
    write_whole(cache, whole.getbuffer())


def _usps_files() -> tuple[RemoteFile, ...]:
    from torchvision.datasets import USPS

    return tuple(RemoteFile(name, (url,), checksum) for url, name, checksum in USPS.split_list.values())


# ---------------------------------------------------------------------- domains


def build_domain(key: str, card: Card, read: Callable[[Path], tuple[RawDataset, RawDataset]]) -> Domain:
    """One of the data sets, its training part first.

    Args:
        key: the domain's name.
        card: its origin.
        read: data folder → training and test part.

    Raises:
        XferError: ``broken_data`` if the files cannot be read, or the errors of :func:`check_part`.
    """
    root = settings().data_folder
    try:
        train, test = read(root)
    except XferError:
        raise
    except BROKEN as error:
        raise XferError("broken_data", "domain", key, folder=root, reason=str(error) or type(error).__name__) from None
    digit = torch.cat([train.digits, test.digits])
    samples = torch.cat([_enlarged(train.pixels), _enlarged(test.pixels)])
    return Domain(
        key=key,
        card=card,
        pool=card.title,
        inputs=samples,
        example_ids=torch.arange(len(digit)),
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


def render_mnist(ink: Tensor, ways: int) -> Tensor:
    """A drawing as MNIST shows it: 20 pixels the longer side, the centre of mass in the middle of 28×28."""
    return to_uint8(center_and_scale(ink, SIZE, 20, by_mass=True)).expand(ways, -1, -1, -1)


def render_usps(ink: Tensor, ways: int) -> Tensor:
    """A drawing as USPS shows it: filling 16×16, then enlarged to 28×28 like the originals."""
    return _enlarged(to_uint8(center_and_scale(ink, 16, 16))[:, 0]).expand(ways, -1, -1, -1)


MNIST_CARD = Card(
    title="MNIST",
    description="Digits that clerks and pupils wrote, each centred in its image: the classic of machine learning.",
    source="MNIST (LeCun, Cortes and Burges, 1998), made from NIST Special Databases 1 and 3; read by torchvision",
    licence="CC BY-SA 3.0",
    recipe="as published: 28×28, grey, 60,000 for training and 10,000 for testing",
)
USPS_CARD = Card(
    title="USPS",
    description="Digits from envelopes of the US mail, scanned coarsely: close to MNIST, and yet not the same.",
    source="USPS (Hull, A database for handwritten text recognition research, 1994), in LIBSVM's form; read by "
    "torchvision",
    licence="its makers state none",
    recipe="enlarged from 16×16 to 28×28 (bilinear), grey, 7,291 for training and 2,007 for testing",
)
DOWNLOADS = {
    "mnist": Download("MNIST", 11_594_722, _mnist_files, mnist_is_available),
    "usps": Download("USPS", 8_411_109, _usps_files, usps_is_available),
}
DOMAINS: dict[str, DomainInfo] = {
    key: DomainInfo(
        card=card,
        samples=sum(sum(part.per_digit) for part in PARTS[key]),
        spec=ImageInput(1, SIZE, SIZE),
        tasks={"digit": DIGITS, "parity": ("even", "odd"), "tilt": ()},
        units=UNITS,
        build=partial(build_domain, key, card, read),
        download=DOWNLOADS[key],
        render=show,
    )
    for key, card, read, show in (
        ("mnist", MNIST_CARD, read_mnist, render_mnist),
        ("usps", USPS_CARD, read_usps, render_usps),
    )
}
