"""Which process is meant, whatever the clock says and whoever has its number now."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil
import pytest

from xfer_core.runs import process
from xfer_core.runs.process import identity, is_alive


def test_a_process_lives_until_it_is_dead_reaped_or_not():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        name = identity(child.pid)
        assert is_alive(name) is True
        child.kill()
        while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert is_alive(name) is False, "nobody has reaped it"
    assert is_alive(name) is False


def test_another_process_with_the_same_number_is_another_one():
    place, pid, start = identity().rsplit(":", 2)
    assert int(pid) == os.getpid()
    assert is_alive(f"{place}:{pid}:{float(start) - 1:.0f}") is False
    assert is_alive(f"{place}:{2**22 + 1}:{start}") is False
    assert is_alive(identity(2**22 + 1)) is False, "it was gone before anybody looked"


def test_of_another_machine_or_container_nothing_is_known():
    _, pid, start = identity().rsplit(":", 2)
    assert is_alive(f"elsewhere:{pid}:{start}") is None


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_set_changes_nobody(monkeypatch, hours):
    name, now = identity(), time.time
    monkeypatch.setattr(time, "time", lambda: now() + 3600 * hours)
    # What psutil adds to the ticks of a process, as the kernel tells it after the clock was set.
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: psutil.boot_time() + 3600 * hours, raising=False)
    process._place.cache_clear()
    assert identity() == name
    assert is_alive(name) is True
