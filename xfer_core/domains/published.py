"""Published image data sets beside MNIST and USPS, read as they are published, with their official test sets.

They share labels where they show the same: SVHN and EMNIST's digits have the task ``digit`` of all domains of digits;
CIFAR-10 and STL-10 have the task ``object`` with nine common classes, to which ``cifar10.nine`` and ``stl10.nine`` are
restricted: CIFAR-10's frog and STL-10's monkey go.

What is read is checked against the known number of images of each class. The checksums of the files are compared
during the download.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from xfer_core.domains.base import Card, Domain, DomainInfo, Task
from xfer_core.domains.downloads import Download
from xfer_core.domains.mnist_usps import BROKEN, DIGITS, idx_files
from xfer_core.domains.published_files import (
    CIFAR_FILES,
    EMNIST_FOLDER,
    STL_FILES,
    SVHN_FILES,
    Images,
    are_idx_files_here,
    emnist_names,
    idx_names,
    read_cifar10,
    read_idx_parts,
    read_stl10,
    read_svhn,
)
from xfer_core.domains.remote_files import RemoteFile
from xfer_core.errors import XferError
from xfer_core.modalities import ImageInput
from xfer_core.modalities.image.drawing import center_and_scale
from xfer_core.modalities.image.resizing import to_uint8
from xfer_core.settings import settings

LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
GARMENTS = (
    *("t-shirt", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
)
HIRAGANA = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
CIFAR_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
STL_CLASSES = ("airplane", "bird", "automobile", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")
NINE = tuple(name for name in CIFAR_CLASSES if name in STL_CLASSES)


@dataclass(frozen=True)
class Published:
    """Known facts of one data set.

    Attributes:
        task: what its labels are.
        classes: as the files number them.
        counts: images of each class, of the training and of the test part.
        shape: channels, rows and columns of an image.
        read: data folder → its parts.
        download: its files.
    """

    task: str
    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], tuple[int, ...]]
    shape: tuple[int, int, int]
    read: Callable[[Path], tuple[Images, ...]]
    download: Download


KMNIST_NAMES = idx_names("KMNIST/raw/", "train", "t10k")
FASHION_NAMES = idx_names("FashionMNIST/raw/", "train", "t10k")


def _kmnist_files() -> tuple[RemoteFile, ...]:
    from torchvision.datasets import KMNIST

    return idx_files(KMNIST, Path("KMNIST/raw"))


def _fashion_files() -> tuple[RemoteFile, ...]:
    from torchvision.datasets import FashionMNIST

    return idx_files(FashionMNIST, Path("FashionMNIST/raw"))


def _emnist_files() -> tuple[RemoteFile, ...]:
    """One archive, of which the splits that are domains here are kept."""
    from torchvision.datasets import EMNIST

    names = [Path(name).name for split in ("digits", "letters") for pair in emnist_names(split) for name in pair]
    members = {f"gzip/{name}.gz": f"{EMNIST_FOLDER}/{name}.gz" for name in names}
    return (RemoteFile(f"{EMNIST_FOLDER}/gzip.zip", (EMNIST.url,), EMNIST.md5, members),)


def _svhn_files() -> tuple[RemoteFile, ...]:
    from torchvision.datasets import SVHN

    parts = (SVHN.split_list[part] for part in ("train", "test"))
    return tuple(RemoteFile(name, (url,), checksum) for url, name, checksum in parts)


def _cifar10_files() -> tuple[RemoteFile, ...]:
    members = {name: name for names in CIFAR_FILES for name in names}
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
    checksum = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
    return (RemoteFile("cifar-10-binary.tar.gz", (url,), checksum, members),)


def _stl10_files() -> tuple[RemoteFile, ...]:
    from torchvision.datasets import STL10

    members = {name: name for names in STL_FILES for name in names}
    return (RemoteFile(STL10.filename, (STL10.url,), STL10.tgz_md5, members),)


def _all_here(names: tuple[str, ...], root: Path) -> bool:
    return all((root / name).is_file() for name in names)


def _emnist_is_here(root: Path) -> bool:
    return all(are_idx_files_here(root, emnist_names(split)) for split in ("digits", "letters"))


EMNIST_DOWNLOAD = Download("EMNIST", 561_753_746, _emnist_files, _emnist_is_here)
SETS: dict[str, Published] = {
    "svhn": Published(
        "digit",
        DIGITS,
        (
            (4948, 13861, 10585, 8497, 7458, 6882, 5727, 5595, 5045, 4659),
            (1744, 5099, 4149, 2882, 2523, 2384, 1977, 2019, 1660, 1595),
        ),
        (3, 32, 32),
        read_svhn,
        Download("SVHN", 246_345_961, _svhn_files, partial(_all_here, SVHN_FILES)),
    ),
    "emnist.digits": Published(
        "digit",
        DIGITS,
        ((24_000,) * 10, (4_000,) * 10),
        (1, 28, 28),
        partial(read_idx_parts, names=emnist_names("digits"), transposed=True),
        EMNIST_DOWNLOAD,
    ),
    "emnist.letters": Published(
        "letter",
        LETTERS,
        ((4_800,) * 26, (800,) * 26),
        (1, 28, 28),
        partial(read_idx_parts, names=emnist_names("letters"), first_label=1, transposed=True),
        EMNIST_DOWNLOAD,
    ),
    "kmnist": Published(
        "character",
        HIRAGANA,
        ((6_000,) * 10, (1_000,) * 10),
        (1, 28, 28),
        partial(read_idx_parts, names=KMNIST_NAMES),
        Download("KMNIST", 21_000_000, _kmnist_files, partial(are_idx_files_here, names=KMNIST_NAMES)),
    ),
    "fashion_mnist": Published(
        "garment",
        GARMENTS,
        ((6_000,) * 10, (1_000,) * 10),
        (1, 28, 28),
        partial(read_idx_parts, names=FASHION_NAMES),
        Download("Fashion-MNIST", 30_900_000, _fashion_files, partial(are_idx_files_here, names=FASHION_NAMES)),
    ),
    "cifar10": Published(
        "object",
        CIFAR_CLASSES,
        ((5_000,) * 10, (1_000,) * 10),
        (3, 32, 32),
        read_cifar10,
        Download(
            "CIFAR-10",
            170_052_171,
            _cifar10_files,
            partial(_all_here, tuple(sum(CIFAR_FILES, ()))),
        ),
    ),
    "stl10": Published(
        "object",
        STL_CLASSES,
        ((500,) * 10, (800,) * 10),
        (3, 96, 96),
        read_stl10,
        Download("STL-10", 2_640_397_119, _stl10_files, partial(_all_here, tuple(sum(STL_FILES, ())))),
    ),
}


def check_images(known: Published, parts: tuple[Images, ...]) -> None:
    """Reject data that is not this data set.

    Raises:
        ValueError: for another size or number of images, or another number of images of a class.
    """
    for part, read, counts in zip(("training", "test"), parts, known.counts, strict=True):
        expected = (sum(counts), *known.shape)
        if tuple(read.pixels.shape) != expected or read.pixels.dtype != torch.uint8:
            raise ValueError(f"the {part} images are {_times(read.pixels.shape)}, not {_times(expected)}")
        inside = read.labels[(read.labels >= 0) & (read.labels < len(counts))]
        found = tuple(torch.bincount(inside, minlength=len(counts)).tolist())
        if found != counts or len(inside) != len(read.labels):
            raise ValueError(f"the {part} labels are {found} of each class, not {counts}")


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def build_domain(key: str, card: Card, name: str, classes: tuple[str, ...], side: int) -> Domain:
    """A published data set, or some of its classes; its training part first.

    Args:
        key: the domain's name.
        card: its origin.
        name: of the data set in ``SETS``.
        classes: those that are kept, in their order here.
        side: pixels per side of each image; smaller than published, blocks of pixels become their mean.

    Raises:
        XferError: ``broken_data`` if the files cannot be read, or are not this data set.
    """
    root, known = settings().data_folder, SETS[name]
    try:
        parts = known.read(root)
        check_images(known, parts)
    except BROKEN as error:
        raise XferError("broken_data", "domain", key, folder=root, reason=str(error) or type(error).__name__) from None
    labels = torch.cat([part.labels for part in parts])
    official = torch.arange(len(labels)) >= len(parts[0].labels)
    pixels = torch.cat([part.pixels for part in parts])
    numbers = torch.tensor([classes.index(one) if one in classes else -1 for one in known.classes])[labels]
    chosen = torch.nonzero(numbers >= 0)[:, 0]  # (N,)
    if len(chosen) < len(labels):
        pixels = pixels[chosen]
    tasks = {known.task: Task(known.task, numbers[chosen], classes)}
    if known.task == "digit":
        tasks["parity"] = Task("parity", numbers[chosen] % 2, ("even", "odd"))
    return Domain(
        key=key,
        card=card,
        pool=known.download.title,
        inputs=block_means(pixels, side),
        example_ids=chosen,
        tasks=tasks,
        official_test=official[chosen],
    )


def block_means(pixels: Tensor, side: int, batch: int = 1000) -> Tensor:
    """uint8 (N, C, S, S) → uint8 (N, C, side, side): the mean of each block of pixels; S is a multiple of ``side``."""
    times = pixels.shape[-1] // side
    if times == 1:
        return pixels.contiguous()
    return torch.cat([F.avg_pool2d(part.float(), times).round().to(torch.uint8) for part in pixels.split(batch)])


def render_emnist(ink: Tensor, ways: int) -> Tensor:
    """A drawing as EMNIST shows it: the longer side fills 24 of 28 pixels, in the middle."""
    return to_uint8(center_and_scale(ink, 28, 24)).expand(ways, -1, -1, -1)


def _info(
    key: str, card: Card, name: str = "", classes: tuple[str, ...] | None = None, side: int | None = None
) -> DomainInfo:
    known = SETS[name or key]
    classes, (channels, published, _) = classes or known.classes, known.shape
    side = side or published
    kept = [number for number, one in enumerate(known.classes) if one in classes]
    tasks = {known.task: classes, **({"parity": ("even", "odd")} if known.task == "digit" else {})}
    return DomainInfo(
        card=card,
        samples=sum(part[number] for part in known.counts for number in kept),
        spec=ImageInput(channels, side, side),
        tasks=tasks,
        build=partial(build_domain, key, card, name or key, classes, side),
        download=known.download,
        render=render_emnist if known.download is EMNIST_DOWNLOAD else None,
    )


CIFAR_SOURCE = "CIFAR-10 (Krizhevsky, Learning multiple layers of features from tiny images, 2009)"
STL_SOURCE = "STL-10 (Coates, Lee and Ng, An analysis of single-layer networks, 2011); images of ImageNet"
UNSTATED = "its makers state none"
DOMAINS: dict[str, DomainInfo] = {
    "svhn": _info(
        "svhn",
        Card(
            title="SVHN",
            description="House numbers photographed from the street: digits in colour, with neighbours at their sides.",
            source="SVHN (Netzer et al., Reading digits in natural images, 2011), cropped digits",
            licence="for non-commercial use only",
            recipe="as published: 32×32, colour, 73,257 for training and 26,032 for testing, without the extra set",
        ),
    ),
    "emnist.digits": _info(
        "emnist.digits",
        Card(
            title="EMNIST digits",
            description="280,000 handwritten digits, four times MNIST. Both are made from the same forms, so some "
            "images of MNIST may be among them: do not use one as the test of the other.",
            source="EMNIST (Cohen et al., 2017), made from NIST Special Database 19",
            licence="public data of NIST",
            recipe="as published: 28×28, grey, turned upright, 240,000 for training and 40,000 for testing",
        ),
    ),
    "emnist.letters": _info(
        "emnist.letters",
        Card(
            title="EMNIST letters",
            description="Handwritten letters, small and capital ones in one class.",
            source="EMNIST (Cohen et al., 2017), made from NIST Special Database 19",
            licence="public data of NIST",
            recipe="as published: 28×28, grey, turned upright, 124,800 for training and 20,800 for testing",
        ),
    ),
    "kmnist": _info(
        "kmnist",
        Card(
            title="KMNIST",
            description="Ten characters of classical Japanese handwriting, in the form of MNIST.",
            source="KMNIST dataset (created by CODH), adapted from Kuzushiji dataset (created by NIJL and others), "
            "doi:10.20676/00000341",
            licence="CC BY-SA 4.0",
            recipe="as published: 28×28, grey, 60,000 for training and 10,000 for testing",
        ),
    ),
    "fashion_mnist": _info(
        "fashion_mnist",
        Card(
            title="Fashion-MNIST",
            description="Clothes and shoes from a shop's catalogue, in the form of MNIST.",
            source="Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017)",
            licence="MIT",
            recipe="as published: 28×28, grey, 60,000 for training and 10,000 for testing",
        ),
    ),
    "cifar10": _info(
        "cifar10",
        Card(
            title="CIFAR-10",
            description="Tiny colour photographs of ten kinds of animals and vehicles.",
            source=CIFAR_SOURCE,
            licence=UNSTATED,
            recipe="as published: 32×32, colour, 50,000 for training and 10,000 for testing",
        ),
    ),
    "stl10": _info(
        "stl10",
        Card(
            title="STL-10",
            description="Colour photographs of ten kinds of animals and vehicles, finer and fewer than CIFAR-10's.",
            source=STL_SOURCE,
            licence=UNSTATED,
            recipe="as published: 96×96, colour, 5,000 for training and 8,000 for testing; without the unlabelled ones",
        ),
    ),
    "cifar10.nine": _info(
        "cifar10.nine",
        Card(
            title="CIFAR-10, nine classes",
            description="CIFAR-10 without its frogs: the nine classes that STL-10 has too.",
            source=CIFAR_SOURCE,
            licence=UNSTATED,
            recipe="32×32, colour, 45,000 for training and 9,000 for testing",
        ),
        "cifar10",
        NINE,
    ),
    "stl10.nine": _info(
        "stl10.nine",
        Card(
            title="STL-10, nine classes",
            description="STL-10 without its monkeys, as small as CIFAR-10: the nine classes that CIFAR-10 has too.",
            source=STL_SOURCE,
            licence=UNSTATED,
            recipe="from 96×96 to 32×32 (the mean of every 3×3), colour, 4,500 for training and 7,200 for testing",
        ),
        "stl10",
        NINE,
        32,
    ),
}
