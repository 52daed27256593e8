"""Outputs of the first stages of a network, which are frozen: computed once, and stored in a bounded folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from xfer_core.networks.base import Network
from xfer_core.training.device import autocast_context
from xfer_core.training.freezing import state_hash

CHUNK = 100  # samples that are computed, stored and found again together
MAX_BYTES = 2**30  # of all outputs of a run in memory; larger ones are computed at every step


class FeatureStore:
    """Outputs on disk, a file per chunk of samples, named by a hash of weights and inputs. The oldest are deleted.

    Args:
        folder: made when something is stored.
        megabytes: most that the folder may hold; 0 stores nothing.
    """

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder, self.limit = folder, megabytes * 10**6

    def load(self, key: str) -> Tensor | None:
        """The outputs, or None if they are not there or the file is damaged."""
        file = self.folder / f"{key}.npy"
        try:
            found = torch.from_numpy(np.load(file, allow_pickle=False))
            os.utime(file)
        except (OSError, ValueError, EOFError):
            return None
        return found

    def save(self, key: str, outputs: Tensor) -> None:
        """Store the outputs, float32. A full disk is no error: they are computed again another time."""
        if outputs.numel() * 4 > self.limit:
            return
        part = self.folder / f"{key}.{os.getpid()}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                np.save(file, outputs.cpu().numpy(), allow_pickle=False)
            part.replace(self.folder / f"{key}.npy")
        except OSError:
            part.unlink(missing_ok=True)

    def shrink(self) -> None:
        """Delete the files that were not used for longest, until the folder is within its limit."""
        found = []
        for file in self.folder.glob("*.npy"):
            try:
                found.append((file.stat().st_mtime, file.stat().st_size, file))
            except OSError:  # another process deleted it
                continue
        left = sum(size for _, size, _ in found)
        for _, size, file in sorted(found):
            if left <= self.limit:
                break
            file.unlink(missing_ok=True)
            left -= size


def frozen_stages(network: Network, frozen: frozenset[str]) -> int:
    """How many of the first stages are frozen whole."""
    for count, name in enumerate(network.stages):
        if not frozen.issuperset(network.parameter_names(name)):
            return count
    return len(network.stages)


class FrozenFeatures:
    """Computes the outputs of the first stages.

    Args:
        network: on its device.
        count: number of stages, all frozen.
        precision: as in training.
        to_float: prepared inputs to what the network takes, on its device.
        store: where outputs are found again.
    """

    def __init__(
        self, network: Network, count: int, precision: str, to_float: Callable[[Tensor], Tensor], store: FeatureStore
    ) -> None:
        self.stages: Sequence[nn.Module] = list(network.stages.values())[:count]
        self.whole = count == len(network.stages)
        self.to_float, self.precision, self.store = to_float, precision, store
        names = frozenset(name for stage in list(network.stages)[:count] for name in network.parameter_names(stage))
        self.weights = f"{count} {precision} {list(network.stages.items())[:count]} {state_hash(network, names)}"

    def chunks(self, inputs: Tensor) -> Iterator[Tensor]:
        """The outputs of ``CHUNK`` samples at a time, float32 on the processor: (≤ CHUNK, …)."""
        for part in inputs.split(CHUNK):
            digest = hashlib.sha256(self.weights.encode())
            digest.update(f"{tuple(part.shape)} {part.dtype}".encode())
            digest.update(part.cpu().contiguous().numpy().tobytes())
            key = digest.hexdigest()
            outputs = self.store.load(key)
            if outputs is None:
                outputs = self._compute(part)
                self.store.save(key, outputs)
            yield outputs

    def _compute(self, part: Tensor) -> Tensor:
        x = self.to_float(part)
        with torch.inference_mode(), autocast_context(x.device, self.precision):
            for stage in self.stages:
                x = stage(x)
        return (x.flatten(1) if self.whole else x).float().cpu()
