"""Colours and line styles by role, the same everywhere: Okabe and Ito's palette, adjusted to light and dark themes.

Every role also has a dash, so that no chart depends on colour alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from zlib import crc32

from xfer_core.strategies import STRATEGIES


@dataclass(frozen=True)
class LineStyle:
    """Line style of a role: a colour for light and for dark pages, and a dash in Plotly's notation."""

    light: str
    dark: str
    dash: str = "solid"

    @property
    def pair(self) -> tuple[str, str]:
        """(on a light page, on a dark page)."""
        return self.light, self.dark


SOURCE = LineStyle("#0072B2", "#56B4E9")
TARGET = LineStyle("#C24E00", "#F0803C")
UNSEEN = LineStyle("#A34D82", "#E29AC4", "dot")
TOTAL = LineStyle("#3F454D", "#D5DAE0")
METHOD = LineStyle("#A86B00", "#E8B02A", "dashdot")
BASELINE = LineStyle("#7A7F87", "#9AA1AB", "dot")


COLOURS = {
    "grey": ("#7A7F87", "#9AA1AB"),
    "green": ("#007F5F", "#2BC79B"),
    "pink": ("#A34D82", "#E29AC4"),
    "ochre": ("#A86B00", "#E8B02A"),
    "ink": ("#3F454D", "#D5DAE0"),
    "violet": ("#6A51C7", "#A99BF5"),
    "red": ("#B3261E", "#FF8A80"),
    "lime": ("#4E7A00", "#A5D64C"),
    "teal": ("#007C89", "#4FD3DE"),
    "brown": ("#7A4A2B", "#C9976F"),
    "magenta": ("#8E1B8E", "#F06BEF"),
    "wine": ("#6E0F3A", "#C26A92"),
}
"""Of methods, each (on a light page, on a dark page); blue and orange are reserved for source and target."""
DASHES = {"dashdotdot": "12px,3px,3px,3px,3px,3px"}
"""Those that Plotly has no name for."""

METHODS = {
    form.kind_name(): LineStyle(*COLOURS[form.line_style[0]], DASHES.get(form.line_style[1], form.line_style[1]))
    for form in STRATEGIES
    if "line_style" in vars(form)  # one that is inherited is another method's
}
"""Every method's line style, the same on every page. No two are confusable for any viewer (tests/test_palette)."""
OTHERS = (
    LineStyle("#0072B2", "#56B4E9"),
    LineStyle("#C24E00", "#F0803C", "dash"),
    LineStyle("#007F5F", "#2BC79B", "dot"),
    LineStyle("#A34D82", "#E29AC4", "dashdot"),
    LineStyle("#A86B00", "#E8B02A", "longdash"),
    LineStyle("#3F454D", "#D5DAE0", "longdashdot"),
)

CLASSES = (
    ("#5780FD", "#73D7F3"),
    ("#FF2704", "#AA9940"),
    ("#15A499", "#2B7158"),
    ("#D210C1", "#F800A3"),
    ("#754532", "#FFFF41"),
    ("#242424", "#FFFFFF"),
    ("#4C2EE8", "#812BFF"),
    ("#B2386B", "#C62200"),
    ("#807F2F", "#58DF00"),
    ("#246C97", "#2095EC"),
)
"""Ten classes, each (on a light page, on a dark page): as distinct as ten colours can be that are not too dark for a
projector."""


def neutral_style(index: int) -> LineStyle:
    """The line style of the ``index``-th of several lines without a role."""
    return OTHERS[index % len(OTHERS)]


def method_style(kind: str) -> LineStyle:
    """The line style of a method, by the ``kind`` of its strategy; an unknown method always gets the same neutral."""
    return METHODS.get(kind) or neutral_style(crc32(kind.encode()))


def method_styles(kinds: Sequence[str]) -> list[LineStyle]:
    """The line styles of lines drawn together: the method's own if no other line has the same method, else neutral
    ones, in order."""
    count = Counter(kinds)
    places = iter(range(len(kinds)))
    return [method_style(kind) if count[kind] == 1 else neutral_style(next(places)) for kind in kinds]


def domain_style(role: str, index: int = 0) -> LineStyle:
    """The line style of a domain: its role's colour, and another dash if it is not the first in that role; the role
    ``none`` is for lines without a domain."""
    style = {"source": SOURCE, "target": TARGET, "unseen": UNSEEN, "none": METHOD}[role]
    return LineStyle(style.light, style.dark, OTHERS[(index + 3 * (role == "none")) % len(OTHERS)].dash)


def chart_text(text: object) -> str:
    """Escape a user's text for a Plotly chart, so that it is shown literally.

    Plotly interprets some HTML (links, styles) in names, ticks and hover texts, and ``%{…}`` in hover templates.
    """
    return escape(str(text), quote=False).replace("%{", "%&#123;")


def text_on(colour: str) -> str:
    """Black or white, whichever is more readable on this colour, ``#RRGGBB``."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    light = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]
    return "#000000" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "#FFFFFF"


def between(first: str, second: str, share: float) -> str:
    """Linear interpolation between two colours; ``share`` is the fraction of the second."""
    pairs = [(int(first[i : i + 2], 16), int(second[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + min(max(share, 0.0), 1.0) * (b - a)):02X}" for a, b in pairs)
