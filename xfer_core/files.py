"""Atomic file writes: a reader finds the old file or the new one, never a partial one."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np


def write_whole(path: Path, content: bytes | memoryview, durable: bool = False, before: Path | None = None) -> None:
    """Replace a file.

    Args:
        path: the file; its folder is created if missing.
        content: all of it.
        durable: whether it must survive a power cut (fsync). That takes time, so it is only for important files.
        before: path for the replaced file, if it is to be kept.

    Raises:
        OSError: nothing was written, and the file at ``path`` is unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        with fresh.open("wb") as file:
            file.write(content)
        move_into_place(fresh, path, durable, before)
    except BaseException:
        fresh.unlink(missing_ok=True)  # free the space on a full disk
        raise


def move_into_place(fresh: Path, path: Path, durable: bool = False, before: Path | None = None) -> None:
    """Move a complete file to its place; the arguments are those of :func:`write_whole`."""
    if durable:
        _flush(fresh)  # the name must not reach the disk before the content: a power cut would leave an empty file
    if before and path.exists():
        os.replace(path, before)
    os.replace(fresh, path)
    if durable and os.name == "posix":  # elsewhere a folder cannot be opened
        _flush(path.parent)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def disk_array(shape: tuple[int, ...], kind: type[np.generic], folder: Path | None = None) -> np.ndarray[Any, Any]:
    """An array of zeros in a file without a name, which goes with the array: large data is not held in memory.

    Args:
        shape, kind: of the array.
        folder: where the file is; else the folder of temporary files.

    Raises:
        OSError: the disk has no room for it.
    """
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    with TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):  # a write to a map of a full disk would end the process
            os.posix_fallocate(file.fileno(), 0, max(1, size))
        return np.memmap(file, kind, "r+" if hasattr(os, "posix_fallocate") else "w+", shape=shape)
