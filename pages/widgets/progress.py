"""A progress bar for work that this run of the script does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

SECONDS = 0.1  # between two messages to the browser


@contextmanager
def shown_progress(sentence: str) -> Iterator[Callable[[float], None]]:
    """A bar that is there within the block.

    Args:
        sentence: Markdown beside it.

    Yields:
        To be called with the fraction that is done, 0 to 1. Interrupts the work, as any element does, where the visitor
        presses something else meanwhile.
    """
    place, last = st.empty(), 0.0
    place.progress(0.0, sentence)

    def show(fraction: float) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS:
            last = time.monotonic()
            place.progress(min(max(fraction, 0.0), 1.0), sentence)

    try:
        yield show
    finally:
        place.empty()
