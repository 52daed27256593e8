"""Texts with their letters or words marked by what they contributed to a prediction."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.i18n import _, plain
from pages.theme import is_dark
from xfer_core.analysis.token_attribution import TextPart
from xfer_core.charts.marked_text import marked_text, marks_key, strongest

SHORT = 40  # letters of a text that is shown large


def show_marks(parts: Sequence[TextPart], title: str) -> None:
    """A text with marks, and the class that they speak for.

    Args:
        parts: pieces of the text.
        title: of the class.
    """
    named = ", ".join(f"{part.text} {part.contribution:+.2f}" for part in strongest(parts))
    description = _("What counted most for {name}: {parts}").format(name=title, parts=named)
    st.html(marked_text(parts, is_dark(), description, sum(len(part.text) for part in parts) <= SHORT))


def show_marks_key() -> None:
    """What the marks mean, and how they are computed."""
    st.html(marks_key(is_dark(), _("speaks for it"), _("speaks against it")))
    st.caption(
        plain(
            _(
                "Integrated gradients: what each part adds to the logit of the class, in comparison with an empty "
                "text; pointing at a part shows the number."
            )
        )
    )
