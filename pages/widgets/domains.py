"""Domains on pages: titles, and a tile with samples."""

from __future__ import annotations

from pages.i18n import _, plain
from pages.streaming.tiles import tile_url
from xfer_core.analysis.accuracy import unit_word
from xfer_core.domains import domain_info, is_available
from xfer_core.errors import XferError


def domain_title(key: str) -> str:
    """Title of a domain; its key if it was forgotten since, for the runs that are left of it."""
    try:
        return _(domain_info(key).card.title)
    except XferError:
        return _("{key} (no longer here)").format(key=key)


def is_known(reference: str) -> bool:
    """Whether this is a reference to a domain that is here or can be downloaded."""
    try:
        domain_info(reference)
    except XferError:
        return False
    return True


def modality_titles() -> dict[str, str]:
    """Kind of input → its title, in order."""
    return {"image": _("Pictures"), "table": _("Points and tables"), "text": _("Texts")}


def task_title(task: str) -> str:
    """Title of a task."""
    titles = {
        "digit": _("which digit"),
        "parity": _("even or odd"),
        "tilt": _("how far it leans"),
        "below_five": _("below five or not"),
        "language": _("which language"),
        "letter": _("which letter"),
        "character": _("which character"),
        "garment": _("which garment"),
        "object": _("what it shows"),
    }
    return titles.get(task) or task


def task_word(task: str) -> str:
    """Short title of a task, for legends."""
    words = {"digit": _("digit"), "parity": _("even/odd"), "tilt": _("tilt"), "below_five": _("below five")}
    return words.get(task) or task


def mean_error_title(unit: str) -> str:
    """What a regression is measured by, for an axis; ``unit`` as the domain declares it."""
    return _("mean error, {unit}").format(unit=_(unit_word(unit))) if unit else _("mean error")


def domain_tile(key: str) -> str:
    """Markdown for a domain's button: sample images, or its name where it must be downloaded first or holds texts."""
    title = domain_title(key)
    if not is_available(key):
        return f":material/cloud_download: {plain(title)}"
    if domain_info(key).spec.modality == "text":  # four of them in a tile could not be read
        return plain(title)
    name = plain(title).replace('"', "")
    return f'![{name}]({tile_url(key)} "{name}")'


def domain_help(key: str) -> str:
    """Title and description of a domain, in Markdown."""
    return f"**{plain(domain_title(key))}** — {plain(_(domain_info(key).card.description))}"
