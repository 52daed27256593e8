"""Imports that are stored: each is the own domains whose keys begin with ``own.`` and the slug of its name."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

from xfer_core.domains import Card, registry
from xfer_core.domains.own import OwnDomains
from xfer_core.errors import XferError
from xfer_core.imports.base import Finding, Progress, part_of

OWN = "own"
NAME_LENGTH = 60  # characters


def slug(name: str) -> str:
    """The word that stands for a name in keys: small letters, digits and underscores. Never empty."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", ascii_only.lower()).strip("_") or f"x{crc32(name.encode(errors='replace')):08x}"


def imported() -> dict[str, list[str]]:
    """Slug of an import → the keys of its domains."""
    found: dict[str, list[str]] = {}
    for key in _own().keys():  # noqa: SIM118 - not a mapping
        first, _dot, rest = key.partition(".")
        if first == OWN:
            found.setdefault(rest.split(".")[0], []).append(key)
    return found


def store(finding: Finding, name: str, progress: Progress = float) -> tuple[str, ...]:
    """Store all domains of a finding as own domains, or none of them.

    Args:
        finding: what was understood.
        name: for people; its slug is in the keys.
        progress: called with the fraction that is done.

    Returns:
        The keys of the domains.

    Raises:
        XferError: ``missing``, ``too_long`` or ``name_exists`` for the name; what building or checking raises.
        OSError: such as a full disk. Nothing was stored.
    """
    name = " ".join(name.split())
    if not name:
        raise XferError("missing", "name", name)
    if len(name) > NAME_LENGTH:
        raise XferError("too_long", "name", name, limit=NAME_LENGTH, what="characters")
    if slug(name) in imported():
        raise XferError("name_exists", "name", name)
    own, card = _own(), _card(finding, name)
    own.folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".import-", dir=own.folder) as place:
        made = OwnDomains(Path(place))
        keys: list[str] = []
        for domain, spec in finding.build(f"{OWN}.{slug(name)}", card, part_of(progress, 0, 0.95)):
            made.save(domain, spec)
            keys.append(domain.key)
        _move(keys, made.folder, own.folder)
    progress(1.0)
    return tuple(keys)


def forget(name: str) -> tuple[str, ...]:
    """Remove all domains of an import.

    Args:
        name: its name, or the slug of it.

    Returns:
        The keys that were removed.

    Raises:
        XferError: ``unknown_import``.
    """
    found = imported()
    if slug(name) not in found:
        raise XferError("unknown_import", "name", name, allowed=tuple(found))
    own = _own()
    for key in found[slug(name)]:
        own.forget(key)
    return tuple(found[slug(name)])


def _own() -> OwnDomains:
    own = registry().own
    if own is None:
        raise XferError("no_own_domains", "name", "")
    return own


def _card(finding: Finding, name: str) -> Card:
    return Card(
        title=name,
        description=f"Own data from {finding.path.name}.",
        source=finding.path.name,
        licence="as you have it",
        recipe="imported as it is",
    )


def _move(keys: list[str], made: Path, folder: Path) -> None:
    """Move whole domains to their place; if one cannot be moved, those before it are taken back."""
    moved: list[str] = []
    try:
        for key in keys:
            (made / key).rename(folder / key)
            moved.append(key)
    except BaseException:
        for key in moved:
            (folder / key).rename(made / key)
        raise
