"""The table of λ_{d,i} that a person brings along: a file, or lines typed here."""

from __future__ import annotations

import json

import streamlit as st

from pages.i18n import _

EXAMPLE = "domain,class,weight\ndigits.handwritten,7,3\ndigits.handwritten,1,0.5"
LARGEST = 1  # MB


def text_of(data: bytes) -> str:
    """The text of a file in UTF-8 or, as some editors write it, in UTF-16 with a byte order mark; what is no text at
    all has replacement characters, which the table's own check refuses."""
    return data.decode(json.detect_encoding(data[:4]), errors="replace")


def weight_table(now: str, prefix: str, example: bool) -> str:
    """A place for the table.

    Args:
        now: the table that a link or a recipe brought.
        prefix: starts the keys of the controls.
        example: whether an example stands there where there is no table yet.

    Returns:
        The CSV text, to be checked with the rest of the spec.
    """
    file = st.file_uploader(
        _("Table of weights (CSV)"), type=["csv", "txt"], key=f"{prefix}.file", max_upload_size=LARGEST
    )
    if file is not None:
        return text_of(file.getvalue())
    help_text = _("One line a sample (by the number of its original) or a class of the first task. Others weigh 1.")
    return st.text_area(_("Or type it here"), now or (EXAMPLE if example else ""), key=f"{prefix}.text", help=help_text)
