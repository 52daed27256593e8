"""The web server gives memory back."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

KEPT = """
import sys, threading
import numpy, psutil
from pages.memory import give_memory_back
if sys.argv[1] == "given back":
    give_memory_back()
process, small = psutil.Process(), []

def visit():
    for size in (30, 3) * 4:  # large blocks teach the allocator to keep blocks of that size
        large = []
        for _ in range(60 // size):
            large.append(numpy.ones(size << 20, numpy.uint8))
            small.append(bytearray(100_000))  # what stays lies between
        del large

before = process.memory_info().rss
for _ in range(4):
    thread = threading.Thread(target=visit)
    thread.start()
    thread.join()
print((process.memory_info().rss - before - sum(map(len, small))) >> 20)
"""


def kept(how: str) -> int:
    """Megabytes that a process holds on to after four threads took and freed large blocks."""
    command = [sys.executable, "-c", KEPT, how]
    return int(
        subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]).stdout
    )


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_large_blocks_go_back_to_the_system():
    assert kept("given back") < 10
    assert kept("as usual") > 20, "there is nothing to mend any more"


def test_what_stays_is_taken_out_of_the_search_for_garbage_once_a_page():
    """In a process of its own: what is taken out here would stay out for all tests."""
    code = """
import gc
from pages.memory import spare_what_stays
spare_what_stays("Train")
first = gc.get_freeze_count()
assert first > 1000, first
more = [[] for _ in range(5000)]
spare_what_stays("Train")
assert gc.get_freeze_count() == first
spare_what_stays("Compare")
assert gc.get_freeze_count() >= first + len(more)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
