"""The table of λ_{d,i} that a person brings along: a file, or lines typed here."""

from __future__ import annotations

import streamlit as st

from pages.parts.text import _

EXAMPLE = "domain,class,weight\ndigits.handwritten,7,3\ndigits.handwritten,1,0.5"
LARGEST = 1  # MB


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
        return file.getvalue().decode("utf-8-sig", errors="replace")
    help_text = _("One line a sample (by the number of its original) or a class of the first task. Others weigh 1.")
    return st.text_area(_("Or type it here"), now or (EXAMPLE if example else ""), key=f"{prefix}.text", help=help_text)
