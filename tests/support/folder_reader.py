"""A reader of class folders with little code, for tests of what is done with a finding."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
import torch
from PIL import Image

from xfer_core.domains import Card, Domain, Task
from xfer_core.errors import XferError
from xfer_core.imports import Choices, Finding, FoundDomain, Preview, Progress
from xfer_core.imports.base import domain_key
from xfer_core.modalities import ImageInput, InputSpec

SIDE = 16  # pixels


class FolderReader(Finding):
    """A folder with a folder for each class, or source/ and target/ with those in them; files are PNG."""

    modality = "image"

    def __init__(self, path: Path) -> None:
        self.path, self.choices, self.notes = path, Choices(), ()
        self.samples: dict[str, list[tuple[str, bytes]]] = {}

    @classmethod
    def reads(cls, path: Path) -> bool:
        return path.is_dir()

    @classmethod
    def examine(cls, path: Path, choices: dict[str, object], progress: Progress) -> Self:
        found, skipped = cls(path), list[XferError]()
        files = sorted(file for file in path.rglob("*") if file.is_file())
        for place, file in enumerate(files):
            progress(place / len(files))
            name, content = str(file.relative_to(path)), file.read_bytes()
            if not content.startswith(b"\x89PNG"):
                skipped.append(XferError("no_picture", name, name))
                continue
            domain = name.split("/")[0] if name.count("/") == 2 else ""
            found.samples.setdefault(domain, []).append((file.parent.name, content))
        if not found.samples:
            raise XferError("no_reader", path.name, path.name)
        found.skipped = tuple(skipped)
        found.domains = tuple(
            FoundDomain(name, len(samples), {"class": dict(Counter(label for label, _ in samples))})
            for name, samples in found.samples.items()
        )
        return found

    def preview(self, domain: str, count: int) -> list[Preview]:
        samples = self.samples[domain]
        return [Preview(content, label) for label, content in samples[:: max(1, len(samples) // count)]][:count]

    def build(self, key: str, card: Card, progress: Progress) -> Iterator[tuple[Domain, InputSpec]]:
        classes = tuple(sorted({label for samples in self.samples.values() for label, _ in samples}))
        for name, samples in self.samples.items():
            pixels = [np.asarray(Image.open(io.BytesIO(content)).convert("RGB")) for _, content in samples]
            one, labels = domain_key(key, name), torch.tensor([classes.index(label) for label, _ in samples])
            inputs = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous()
            titled = replace(card, title=f"{card.title}, {name}" if name else card.title)
            task = Task("class", labels, classes)
            yield (
                Domain(one, titled, one, inputs, torch.arange(len(labels)), {"class": task}),
                ImageInput(3, SIDE, SIDE),
            )
