"""Colours by role, the same everywhere. Okabe and Ito's palette, darkened or lightened to be seen on either theme.

Every role also has a dash, so that no picture depends on colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Look:
    """How a role is drawn: a colour on light and on dark pages, and a line dash in Plotly's words."""

    light: str
    dark: str
    dash: str = "solid"

    @property
    def pair(self) -> tuple[str, str]:
        """(on a light page, on a dark page)."""
        return self.light, self.dark


SOURCE = Look("#0072B2", "#56B4E9")
TARGET = Look("#C24E00", "#F0803C")
UNSEEN = Look("#A34D82", "#E29AC4", "dot")
TOTAL = Look("#3F454D", "#D5DAE0")
METHOD = Look("#A86B00", "#E8B02A", "dashdot")
BASELINE = Look("#7A7F87", "#9AA1AB", "dot")

STRATEGIES = {
    "target_only": Look("#7A7F87", "#9AA1AB", "dot"),
    "source_only": Look("#7A7F87", "#9AA1AB", "longdashdot"),
    "fine_tune": Look("#007F5F", "#2BC79B"),
    "joint": Look("#A34D82", "#E29AC4", "dash"),
    "generalised": Look("#A86B00", "#E8B02A", "dashdot"),
}
OTHERS = (
    Look("#0072B2", "#56B4E9"),
    Look("#C24E00", "#F0803C", "dash"),
    Look("#007F5F", "#2BC79B", "dot"),
    Look("#A34D82", "#E29AC4", "dashdot"),
    Look("#A86B00", "#E8B02A", "longdash"),
    Look("#3F454D", "#D5DAE0", "longdashdot"),
)


def other(index: int) -> Look:
    """The look of the ``index``-th of several equals."""
    return OTHERS[index % len(OTHERS)]


def domain_look(role: str, index: int = 0) -> Look:
    """The look of a domain: its role's colour, and a dash of its own if it is not the first in that role; ``none`` is
    the role of what belongs to no domain."""
    look = {"source": SOURCE, "target": TARGET, "unseen": UNSEEN, "none": METHOD}[role]
    return Look(look.light, look.dark, OTHERS[(index + 3 * (role == "none")) % len(OTHERS)].dash)


def chart_text(text: object) -> str:
    """A text from outside, to stand in a Plotly chart as the very text that it is.

    Plotly reads some HTML (links, styles) in names, ticks and hover texts, and ``%{…}`` in templates of hover texts.
    """
    return escape(str(text), quote=False).replace("%{", "%&#123;")
