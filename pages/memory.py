"""Memory of the web server: freed blocks go back to the system, long-lived objects leave the garbage collector."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

# Of mallopt(3). By default the C library's allocator learns from every large block that is freed to keep blocks of that
# size, up to 32 MB, and it does so for every thread apart; each visitor's script is a thread.
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
LARGE = 1 << 20  # bytes of a block that is taken from the system, and given back to it, by itself
ARENAS = 2


def give_memory_back() -> None:
    """Return large blocks to the system as soon as they are free. Does nothing with a C library other than glibc."""
    with suppress(OSError, AttributeError, TypeError):  # no such library, no such function; no library by no name
        allocator = ctypes.CDLL(None)
        allocator.mallopt(M_MMAP_THRESHOLD, LARGE)
        allocator.mallopt(M_ARENA_MAX, ARENAS)


_seen: set[str] = set()  # pages that somebody has visited since the server started


def spare_what_stays(page: str) -> None:
    """Exempt the objects of this page's modules from garbage collection, when the page is first shown.

    Streamlit collects garbage after each run of a script or a fragment. Half a million objects of torch, plotly and
    others, which live until the server ends, made that 0.2 to 0.5 s of every press.
    """
    if page not in _seen:
        _seen.add(page)
        gc.freeze()
