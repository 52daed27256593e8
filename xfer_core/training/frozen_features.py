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

CHUNK = 50  # samples that are computed and stored together
KEY_BYTES = 32
MAX_BYTES = 2**30  # of all outputs of a run in memory; larger ones are computed at every step


class FeatureStore:
    """Outputs on disk, each with its key. Files hold up to ``CHUNK`` of them; those not used for longest are deleted.

    Several processes may share it: a file appears whole, is never changed, and may go at any time.

    Args:
        folder: made when something is stored.
        megabytes: most that the folder may hold; 0 stores nothing.
        weights: a digest of what computes the outputs.
    """

    def __init__(self, folder: Path, megabytes: int, weights: str) -> None:
        self.folder, self.limit, self.weights = folder, megabytes * 10**6, weights
        self.places: dict[bytes, tuple[Path, int]] = {}  # key → file and row
        for file in folder.glob(f"{weights}-*.npy"):
            self._note(file)

    def load(self, keys: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        """The outputs of those keys that are there, float32."""
        found: dict[bytes, np.ndarray] = {}
        wanted: dict[Path, list[tuple[bytes, int]]] = {}
        for key in keys:
            if key in self.places:
                file, row = self.places[key]
                wanted.setdefault(file, []).append((key, row))
        for file, rows in wanted.items():
            try:
                stored = np.load(file, mmap_mode="r", allow_pickle=False)["output"]
                found |= {key: np.array(stored[row]) for key, row in rows}
                os.utime(file)
            except (OSError, ValueError, IndexError):  # another process deleted it
                continue
        return found

    def save(self, keys: Sequence[bytes], outputs: np.ndarray) -> None:
        """Store outputs, float32 (N, …). A full disk is no error: they are computed again another time."""
        if outputs.nbytes > self.limit:
            return
        rows = np.empty(len(keys), [("key", f"V{KEY_BYTES}"), ("output", "f4", outputs.shape[1:])])
        rows["key"], rows["output"] = np.array(keys, f"V{KEY_BYTES}"), outputs
        name = f"{self.weights}-{hashlib.sha256(b''.join(keys)).hexdigest()[:KEY_BYTES]}"
        part = self.folder / f"{name}.{os.getpid()}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                np.save(file, rows, allow_pickle=False)
            part.replace(self.folder / f"{name}.npy")
        except OSError:
            part.unlink(missing_ok=True)

    def _note(self, file: Path) -> None:
        """Note what a file holds; nothing if it is damaged."""
        try:
            keys = np.load(file, mmap_mode="r", allow_pickle=False)["key"]
        except (OSError, ValueError, IndexError):
            return
        self.places |= {key.tobytes(): (file, row) for row, key in enumerate(keys)}

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

    Samples are computed ``CHUNK`` at a time, the last ones filled up: an output does not depend, to the last bit, on
    which others were there already.

    Args:
        network: on its device.
        count: number of stages, all frozen.
        precision: as in training.
        to_float: prepared inputs to what the network takes, on its device.
        folder, megabytes: as in :class:`FeatureStore`, where outputs are found again.
    """

    def __init__(
        self,
        network: Network,
        count: int,
        precision: str,
        to_float: Callable[[Tensor], Tensor],
        folder: Path,
        megabytes: int,
    ) -> None:
        self.stages: Sequence[nn.Module] = list(network.stages.values())[:count]
        self.whole = count == len(network.stages)
        self.to_float, self.precision = to_float, precision
        names = frozenset(name for stage in list(network.stages)[:count] for name in network.parameter_names(stage))
        told = f"{count} {precision} {list(network.stages.items())[:count]} {state_hash(network, names)}"
        self.store = FeatureStore(folder, megabytes, hashlib.sha256(told.encode()).hexdigest()[:KEY_BYTES])

    def chunks(self, inputs: Tensor) -> Iterator[Tensor]:
        """The outputs in order, float32 on the processor: (≤ CHUNK, …) at a time."""
        keys = _keys(inputs)
        found = self.store.load(keys)
        missing = [row for row, key in enumerate(keys) if key not in found]
        for begin in range(0, len(inputs), CHUNK):
            part = keys[begin : begin + CHUNK]
            while any(key not in found for key in part):
                some, missing = missing[:CHUNK], missing[CHUNK:]
                outputs = self._compute(inputs[some])
                chosen = [keys[row] for row in some]
                self.store.save(chosen, outputs)
                found |= dict(zip(chosen, outputs, strict=True))
            yield torch.from_numpy(np.stack([found[key] for key in part]))

    def _compute(self, part: Tensor) -> np.ndarray:
        filled = torch.cat([part, part[-1:].expand(CHUNK - len(part), *part.shape[1:])])
        x = self.to_float(filled)
        with torch.inference_mode(), autocast_context(x.device, self.precision):
            for stage in self.stages:
                x = stage(x)
        return (x.flatten(1) if self.whole else x)[: len(part)].float().cpu().contiguous().numpy()


def _keys(inputs: Tensor) -> list[bytes]:
    """What names the output of each sample: a hash of the sample."""
    start = hashlib.sha256(f"{tuple(inputs.shape[1:])} {inputs.dtype}".encode())
    keys = []
    for sample in inputs.cpu().contiguous().numpy():
        digest = start.copy()
        digest.update(sample.tobytes())
        keys.append(digest.digest())
    return keys
