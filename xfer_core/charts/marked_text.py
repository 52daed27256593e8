"""Texts whose letters or words are marked by what they contribute to a prediction: HTML without widgets."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from xfer_core.analysis.token_attribution import TextPart
from xfer_core.charts.palette import SOURCE, TARGET

STRONGEST = 55  # per cent of the mark of the largest contribution; the text stays readable on it
FAINT = 0.08  # of the largest contribution, below which a piece has no line below it
NAMED = 5  # pieces in the description in words

STYLE = """<style>
.xfer-marked { line-height: 2; overflow-wrap: anywhere; white-space: pre-wrap; }
.xfer-marked mark { color: inherit; border-radius: 0.15rem; padding: 0.12rem 0;
  background: color-mix(in srgb, var(--mark) var(--share), transparent); border-bottom: 3px solid transparent; }
.xfer-marked mark.for { border-bottom: 3px solid var(--mark); }
.xfer-marked mark.against { border-bottom: 3px dashed var(--mark); }
.xfer-marked.large { font-size: 1.5rem; letter-spacing: 0.06em; }
.xfer-marked-key { font-size: 0.875rem; display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; }
</style>"""


def marked_text(parts: Sequence[TextPart], dark: bool, description: str, large: bool = False) -> str:
    """The text; what speaks for the class is blue with a line below, what speaks against it orange with a dashed line,
    and the stronger the larger its contribution.

    Args:
        parts: pieces of the text, which may come from anybody.
        dark: whether the page is dark.
        description: in words, for screen readers.
        large: for a short text.
    """
    largest = max((abs(part.contribution) for part in parts), default=0.0)
    marks = "".join(_mark(part, largest, dark) for part in parts)
    size = " large" if large else ""
    return f'{STYLE}<div class="xfer-marked{size}" role="img" aria-label="{escape(description)}">{marks}</div>'


def _mark(part: TextPart, largest: float, dark: bool) -> str:
    if not part.contribution or not part.text.strip():
        return escape(part.text)
    share = abs(part.contribution) / largest
    colour = (SOURCE if part.contribution > 0 else TARGET).pair[dark]
    side = "for" if part.contribution > 0 else "against"
    look = f'class="{side}" ' if share >= FAINT else ""
    return (
        f'<mark {look}style="--mark:{colour};--share:{STRONGEST * share:.0f}%" title="{part.contribution:+.2f}">'
        f"{escape(part.text)}</mark>"
    )


def marks_key(dark: bool, speaks_for: str, speaks_against: str) -> str:
    """What the marks mean.

    Args:
        dark: whether the page is dark.
        speaks_for, speaks_against: the meanings of the two marks.
    """
    parts = ((speaks_for, SOURCE, "for"), (speaks_against, TARGET, "against"))
    marks = (
        f'<mark class="{side}" style="--mark:{style.pair[dark]};--share:{STRONGEST}%">{escape(word)}</mark>'
        for word, style, side in parts
    )
    return f'{STYLE}<div class="xfer-marked xfer-marked-key">{" ".join(marks)}</div>'


def strongest(parts: Sequence[TextPart]) -> list[TextPart]:
    """The pieces with the largest contributions, in their order of size."""
    said = [part for part in parts if part.contribution and part.text.strip()]
    return sorted(said, key=lambda part: -abs(part.contribution))[:NAMED]
