"""Words of the statistics of pixels and texts."""

from __future__ import annotations

from pages.i18n import _


def statistic_words() -> dict[str, str]:
    """Name of a statistic → its word; a column's name stays as it is."""
    return {
        "brightness": _("brightness"),
        "contrast": _("contrast"),
        "edges": _("edges"),
        "colour": _("colour"),
        "letters": _("letters"),
        "words": _("words"),
        "letters per word": _("letters per word"),
    }


def shown_token(token: str) -> str:
    """A token of a text in Markdown, with a sign for each blank."""
    return f"`{token.replace(' ', '␣').replace('`', '')}`"
