"""Checkpoint files: the whole state of a run, so that it resumes bit-identically; the previous file is kept too.

A file is a line that names the format, the CRC-32 of what follows (4 bytes, big-endian), and the state as
``torch.save`` writes it. torch itself does not notice a flipped bit in a tensor.
"""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from xfer_core.files import write_whole

FORMAT = b"xfer checkpoint 1\n"
START = len(FORMAT) + 4
State = dict[str, Any]


class UnusableCheckpoint(Exception):
    """A file that no run can resume from; the message is the reason."""


def previous(path: Path) -> Path:
    """Path of the checkpoint before the one at ``path``."""
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def write_checkpoint(path: Path, state: State, durable: bool = True, keep: bool = True) -> None:
    """Replace the checkpoint at ``path``.

    Args:
        path: of the current checkpoint.
        state: tensors and plain values in nested dictionaries and lists.
        durable: whether to wait until it is on the disk (fsync).
        keep: whether the current file becomes the previous one. If a durable file is kept, at least one whole file
            survives a power cut.
    """
    buffer = io.BytesIO()
    buffer.write(bytes(START))
    torch.save(state, buffer)
    content = buffer.getbuffer()
    content[:START] = FORMAT + zlib.crc32(content[START:]).to_bytes(4, "big")
    write_whole(path, content, durable=durable, before=previous(path) if keep else None)


def read_checkpoint(path: Path) -> State | None:
    """The state in one file, on the CPU; None if there is no file. Only tensors and plain values are unpickled.

    Raises:
        UnusableCheckpoint: it is damaged, of another version, or cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnusableCheckpoint(f"it cannot be read: {error.strerror or error}") from error
    if not content:
        raise UnusableCheckpoint("it is empty")
    if not content.startswith(FORMAT):
        raise UnusableCheckpoint("it is damaged or of another version")
    if zlib.crc32(memoryview(content)[START:]) != int.from_bytes(content[len(FORMAT) : START], "big"):
        raise UnusableCheckpoint("it is damaged: its checksum does not match its content")
    try:
        return torch.load(io.BytesIO(content[START:]), map_location="cpu", weights_only=True)
    except Exception as error:  # undamaged, but not readable by this version, such as a pickle that carries code
        raise UnusableCheckpoint("it holds what this version does not read") from error


def last_good(path: Path, fits: Callable[[State], bool]) -> tuple[State | None, dict[str, str]]:
    """The newest state that a run can resume from.

    An unusable file gets the suffix ``.unusable``, so that the next checkpoint does not keep it as the previous one.

    Args:
        path: of the current checkpoint.
        fits: whether a state belongs to this run.

    Returns:
        The state, or None if there is none; and the name of each newer file that could not be used → why.
    """
    unusable = {}
    for file in (path, previous(path)):
        try:
            state = read_checkpoint(file)
            if state is not None and not fits(state):
                raise UnusableCheckpoint("it belongs to another network, problem or version")
        except UnusableCheckpoint as error:
            unusable[file.name] = str(error)
            os.replace(file, file.with_name(f"{file.name}.unusable"))
        else:
            if state is not None:
                return state, unusable
    return None, unusable


def on_device(state: Any, device: torch.device) -> Any:
    """The same state with every tensor of its nested dictionaries on the device."""
    if isinstance(state, dict):
        return {name: on_device(part, device) for name, part in state.items()}
    return state.to(device) if isinstance(state, torch.Tensor) else state
