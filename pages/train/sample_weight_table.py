"""Input of a table of sample weights λ_{d,i}: a CSV file, or text."""

from __future__ import annotations

import json

import streamlit as st

from pages.i18n import _

EXAMPLE = "domain,class,weight\ndigits.handwritten,7,3\ndigits.handwritten,1,0.5"
LARGEST = 1  # MB


def text_of(data: bytes) -> str:
    """The text of a file in UTF-8 or in UTF-16 with a byte order mark; other bytes become replacement characters, which
    the validation of the table refuses."""
    return data.decode(json.detect_encoding(data[:4]), errors="replace")


def weight_table(now: str, prefix: str, example: bool) -> str:
    """Controls for the table.

    Args:
        now: the table of a link or a recipe; empty if there is none.
        prefix: starts the keys of the controls.
        example: whether to show an example where there is no table yet.

    Returns:
        The CSV text, to be validated with the rest of the spec.
    """
    file = st.file_uploader(
        _("Table of weights (CSV)"), type=["csv", "txt"], key=f"{prefix}.file", max_upload_size=LARGEST
    )
    if file is not None:
        return text_of(file.getvalue())
    help_text = _("One line per sample (by its example id) or per class of the first task. All others weigh 1.")
    return st.text_area(_("Or type it here"), now or (EXAMPLE if example else ""), key=f"{prefix}.text", help=help_text)
