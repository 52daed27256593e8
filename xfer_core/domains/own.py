"""Own domains: each is a folder with a description and its samples, written whole or not at all."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from xfer_core.domains.base import Card, Domain, DomainInfo, Task
from xfer_core.errors import XferError
from xfer_core.modalities import InputSpec, read_input_spec

DESCRIPTION, SAMPLES, INPUTS = "domain.json", "samples.safetensors", "inputs.npy"
BLOCK = 1000  # samples that are written at once
KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")


class OwnDomains:
    """The own domains in one folder.

    Args:
        folder: may be missing as long as nothing is saved.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keys(self) -> tuple[str, ...]:
        """The keys of the domains in the folder whose description can be read, in order."""
        found = sorted(place.parent.name for place in self.folder.glob(f"*/{DESCRIPTION}"))
        return tuple(key for key in found if _description(self.folder / key / DESCRIPTION, self.version(key)))

    def version(self, key: str) -> int:
        """A number that changes when the domain is saved anew; 0 if it is not there."""
        try:
            return (self.folder / key / DESCRIPTION).stat().st_mtime_ns
        except OSError:
            return 0

    def save(self, domain: Domain, spec: InputSpec) -> None:
        """Write a domain under its key; one of the same key is replaced.

        Raises:
            XferError: ``domain_key`` for a key that is not lower-case words joined by dots; those of ``spec.check``.
        """
        if not KEY.fullmatch(domain.key):
            raise XferError("domain_key", "domain", domain.key)
        spec.check(domain.inputs, f"{domain.key}.inputs")
        tensors = {"example_ids": domain.example_ids}
        tensors |= {f"task/{name}": task.labels for name, task in domain.tasks.items()}
        if domain.official_test is not None:
            tensors["official_test"] = domain.official_test
        described = {
            "card": asdict(domain.card),
            "pool": domain.pool,
            "samples": len(domain),
            "spec": {"modality": spec.modality, **asdict(spec)},  # pyright: ignore[reportArgumentType] - a dataclass
            "tasks": {name: {"classes": task.classes, "unit": task.unit} for name, task in domain.tasks.items()},
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".own-", dir=self.folder) as place:
            made = Path(place) / "made"
            made.mkdir()
            _write_inputs(made / INPUTS, domain.inputs.numpy())
            save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, made / SAMPLES)
            (made / DESCRIPTION).write_text(json.dumps(described, ensure_ascii=False), encoding="utf-8")
            if (self.folder / domain.key).exists():
                (self.folder / domain.key).rename(Path(place) / "before")
            made.rename(self.folder / domain.key)

    def forget(self, key: str) -> None:
        """Remove a domain.

        Raises:
            XferError: ``unknown_domain``.
        """
        if key not in self.keys():
            raise XferError("unknown_domain", "domain", key, allowed=self.keys())
        with TemporaryDirectory(prefix=".own-", dir=self.folder) as place:
            (self.folder / key).rename(Path(place) / "gone")

    def info(self, key: str) -> DomainInfo | None:
        """Metadata of a domain; None if it is not there.

        Raises:
            XferError: ``broken_data`` if its description cannot be read.
        """
        if not KEY.fullmatch(key) or not (version := self.version(key)):
            return None
        described = _description(self.folder / key / DESCRIPTION, version)
        if not described:
            raise XferError("broken_data", "domain", key, folder=self.folder / key, reason=f"not a whole {DESCRIPTION}")
        return DomainInfo(
            card=Card(**described["card"]),
            samples=described["samples"],
            spec=read_input_spec(described["spec"]),
            tasks={name: tuple(task["classes"]) for name, task in described["tasks"].items()},
            build=lambda: self._load(key, described),
            units={name: task["unit"] for name, task in described["tasks"].items() if task["unit"]},
        )

    def _load(self, key: str, described: dict[str, Any]) -> Domain:
        try:
            tensors: dict[str, Tensor] = load_file(self.folder / key / SAMPLES)
            # A map of the file, whose pages the system reads when they are used and can drop again; a write stays here.
            inputs = torch.from_numpy(np.load(self.folder / key / INPUTS, mmap_mode="c"))
        except (OSError, ValueError, SafetensorError) as error:
            raise XferError("broken_data", "domain", key, folder=self.folder / key, reason=error) from None
        tasks = {
            name: Task(name, tensors[f"task/{name}"], tuple(task["classes"]), task["unit"])
            for name, task in described["tasks"].items()
        }
        official = tensors.get("official_test")
        card = Card(**described["card"])
        return Domain(key, card, described["pool"], inputs, tensors["example_ids"], tasks, official)


def _write_inputs(place: Path, inputs: np.ndarray[Any, Any]) -> None:
    """Write an array as NumPy does, a block at a time: it may itself be a map of a file, larger than the memory."""
    with place.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": inputs.dtype.str, "fortran_order": False, "shape": inputs.shape}
        )
        for start in range(0, len(inputs), BLOCK):
            file.write(np.ascontiguousarray(inputs[start : start + BLOCK]).data)


@lru_cache(1000)
def _description(place: Path, version: int) -> dict[str, Any]:
    """The description in this file; empty if it cannot be read."""
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
        read_input_spec(found["spec"])
        return found if found.keys() >= {"card", "pool", "samples", "tasks"} else {}
    except (OSError, ValueError, TypeError, LookupError, StopIteration):
        return {}
