"""Readers of published image data sets in their official formats: SVHN, EMNIST, MNIST's kin, CIFAR-10 and STL-10.

Each reads a training and a test part from a data folder, in torchvision's layout. Nothing is unpickled: CIFAR-10 is
read in its binary form. Files are only read.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from xfer_core.domains.mnist_usps import packed_or_not, read_idx

SVHN_FILES = ("train_32x32.mat", "test_32x32.mat")
CIFAR_FOLDER, STL_FOLDER, EMNIST_FOLDER = "cifar-10-batches-bin", "stl10_binary", "EMNIST/raw"
CIFAR_FILES = (
    tuple(f"{CIFAR_FOLDER}/data_batch_{number}.bin" for number in range(1, 6)),
    (f"{CIFAR_FOLDER}/test_batch.bin",),
)
STL_FILES = tuple((f"{STL_FOLDER}/{part}_X.bin", f"{STL_FOLDER}/{part}_y.bin") for part in ("train", "test"))
STL_SIDE = 96


class Images(NamedTuple):
    """One part of a data set: pixels, uint8 (N, C, H, W), and the class of each, int64 (N,)."""

    pixels: Tensor
    labels: Tensor


def idx_names(prefix: str, train: str, test: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """Images and labels of both parts, in the format of MNIST: ``prefix`` ends with a slash or is part of the name."""
    first, second = (
        (f"{prefix}{part}-images-idx3-ubyte", f"{prefix}{part}-labels-idx1-ubyte") for part in (train, test)
    )
    return first, second


def emnist_names(split: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """The files of a split of EMNIST, ``digits`` or ``letters``."""
    return idx_names(f"{EMNIST_FOLDER}/emnist-{split}-", "train", "test")


def are_idx_files_here(root: Path, names: tuple[tuple[str, str], ...]) -> bool:
    """Whether all of these files are in the folder, packed or unpacked."""
    return all(packed_or_not(root / name).is_file() for pair in names for name in pair)


def read_idx_parts(
    root: Path, names: tuple[tuple[str, str], ...], first_label: int = 0, transposed: bool = False
) -> tuple[Images, ...]:
    """Parts in the format of MNIST.

    Args:
        root: the data folder.
        names: images and labels of each part.
        first_label: the number of the first class; 1 for EMNIST's letters.
        transposed: whether rows and columns are exchanged in the files, as in EMNIST.

    Raises:
        ValueError: the files cannot be read.
    """
    from torchvision.datasets.mnist import read_image_file, read_label_file

    parts: list[Images] = []
    for images, labels in names:
        pixels = read_idx(packed_or_not(root / images), read_image_file)  # (N, H, W)
        numbers = read_idx(packed_or_not(root / labels), read_label_file) - first_label
        pixels = pixels.transpose(1, 2).contiguous() if transposed else pixels
        parts.append(Images(pixels[:, None], numbers))
    return tuple(parts)


def read_svhn(root: Path) -> tuple[Images, ...]:
    """SVHN's cropped digits: MATLAB files with ``X`` (32, 32, 3, N) and ``y`` (N, 1), where 10 stands for the digit 0.

    Raises:
        ValueError: a file is not MATLAB's, or has no ``X`` or ``y``.
    """
    from scipy.io import loadmat

    parts: list[Images] = []
    for name in SVHN_FILES:
        try:
            found = loadmat(str(root / name), variable_names=("X", "y"))
            pixels = torch.from_numpy(np.ascontiguousarray(found["X"].transpose(3, 2, 0, 1)))  # (N, 3, 32, 32)
            labels = torch.from_numpy(found["y"].astype(np.int64).reshape(-1))
        except Exception as error:  # SciPy raises classes of its own, zlib's, and those of its decoder
            raise ValueError(f"{name}: {str(error) or type(error).__name__}") from None
        parts.append(Images(pixels, torch.where(labels == 10, 0, labels)))
    return tuple(parts)


def read_cifar10(root: Path) -> tuple[Images, ...]:
    """CIFAR-10's binary form: records of a label and 3×32×32 bytes.

    Raises:
        OSError: a file is missing.
        ValueError: a file is not a whole number of records.
    """
    parts: list[Images] = []
    for names in CIFAR_FILES:
        records = np.concatenate([_records(root / name, 1 + 3 * 32 * 32) for name in names])
        pixels = torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32))
        parts.append(Images(pixels, torch.from_numpy(records[:, 0].astype(np.int64))))
    return tuple(parts)


def read_stl10(root: Path) -> tuple[Images, ...]:
    """STL-10's labelled images: bytes of 3×96×96, each channel column by column; labels from 1.

    Raises:
        OSError: a file is missing.
        ValueError: a file is not a whole number of images.
    """
    parts: list[Images] = []
    for images, labels in STL_FILES:
        columns = _records(root / images, 3 * STL_SIDE * STL_SIDE).reshape(-1, 3, STL_SIDE, STL_SIDE)  # (N, C, W, H)
        pixels = torch.from_numpy(np.ascontiguousarray(columns.transpose(0, 1, 3, 2)))
        numbers = _records(root / labels, 1)[:, 0].astype(np.int64) - 1
        parts.append(Images(pixels, torch.from_numpy(numbers)))
    return tuple(parts)


def _records(path: Path, size: int) -> np.ndarray:
    """A file of records of so many bytes, uint8 (N, size)."""
    whole = np.fromfile(path, np.uint8)
    if len(whole) % size or not len(whole):
        raise ValueError(f"{path.name}: {len(whole)} bytes are not records of {size}")
    return whole.reshape(-1, size)
