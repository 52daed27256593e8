"""What took seconds to compute, in a visitor's memory."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import streamlit as st

from pages.i18n import error_text
from pages.widgets.progress import shown_progress
from xfer_core.errors import XferError

MOST = 20  # results of a kind
Result = TypeVar("Result")


def remembered(
    kind: str,
    key: Hashable,
    sentence: str,
    compute: Callable[[Callable[[float], None]], Result],
    refused: Callable[[XferError], object] | None = None,
) -> Result | None:
    """A result, from memory if it was computed before.

    Args:
        kind: place in the session state.
        key: of all that it depends on.
        sentence: beside the progress bar.
        compute: called with a function that shows the fraction that is done.
        refused: says why there is none; as an error if not given.

    Returns:
        None if ``compute`` raised an XferError, which is said.
    """
    kept: dict[Any, Result] = st.session_state.setdefault(kind, {})
    if key not in kept:
        try:
            with shown_progress(sentence) as tell:
                found = compute(tell)
        except XferError as error:
            (refused or _say)(error)
            return None
        while len(kept) >= MOST:
            del kept[next(iter(kept))]
        kept[key] = found
    return kept[key]


def _say(error: XferError) -> None:
    st.error(error_text(error), icon=":material/error:")
