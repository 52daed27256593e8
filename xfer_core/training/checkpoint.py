"""Everything that a run needs to go on as if it had never been interrupted, in one file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Replace the checkpoint at ``path`` in one move, so that a crash leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".part")
    torch.save(state, fresh)
    os.replace(fresh, path)


def read_checkpoint(path: Path) -> dict[str, Any] | None:
    """The last checkpoint, on the CPU; None if there is none. Only tensors and plain values are unpickled."""
    return torch.load(path, map_location="cpu", weights_only=True) if path.exists() else None


def on_device(state: Any, device: torch.device) -> Any:
    """The same with every tensor of its nested dictionaries on the device."""
    if isinstance(state, dict):
        return {name: on_device(part, device) for name, part in state.items()}
    return state.to(device) if isinstance(state, torch.Tensor) else state
