"""Own data: from a file or folder to domains. To add a reader: add a file with a ``Finding``, and it to ``READERS``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xfer_core.errors import XferError
from xfer_core.imports.base import Choices, Finding, FoundDomain, Preview, Progress
from xfer_core.imports.images import Images
from xfer_core.imports.stored import NAME_LENGTH, forget, imported, slug, store
from xfer_core.imports.tables import Tables
from xfer_core.imports.texts import Texts

READERS: tuple[type[Finding], ...] = (Texts, Tables, Images)
"""The first that reads a file or folder examines it."""


def examine(path: Path, choices: Mapping[str, object] | None = None, progress: Progress = float) -> Finding:
    """What a file or folder holds; nothing is stored.

    Args:
        path: the file or folder.
        choices: values of fields of the reader's ``Choices``; what is not named is found out.
        progress: called with the fraction that is done.

    Raises:
        XferError: ``no_reader``, or what the reader raises, naming file and rule.
    """
    for reader in READERS:
        if reader.reads(path, choices or {}):
            return reader.examine(path, dict(choices or {}), progress)
    raise XferError("no_reader", path.name, path.suffix)


__all__ = [
    "NAME_LENGTH",
    "READERS",
    "Choices",
    "Finding",
    "FoundDomain",
    "Preview",
    "Progress",
    "examine",
    "forget",
    "imported",
    "slug",
    "store",
]
