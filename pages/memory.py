"""Memory that the web server does not need any more goes back to the system."""

from __future__ import annotations

import ctypes
from contextlib import suppress

# Of mallopt(3). By default the C library's allocator learns from every large block that is freed to keep blocks of that
# size, up to 32 MB, and it does so for every thread apart; each visitor's script is a thread.
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
LARGE = 1 << 20  # bytes of a block that is taken from the system, and given back to it, by itself
ARENAS = 2


def give_memory_back() -> None:
    """Let large blocks go back to the system as soon as they are free. Does nothing where the C library is another."""
    with suppress(OSError, AttributeError, TypeError):  # no such library, no such function; no library by no name
        allocator = ctypes.CDLL(None)
        allocator.mallopt(M_MMAP_THRESHOLD, LARGE)
        allocator.mallopt(M_ARENA_MAX, ARENAS)
