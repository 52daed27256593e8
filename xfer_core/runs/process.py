"""Which process is meant: a number alone is given again, and a wall clock can be set."""

from __future__ import annotations

import os
import platform
import sys
from functools import cache
from pathlib import Path

import psutil


def identity(pid: int | None = None) -> str:
    """Text that names one process, and no other that ever gets its number; by default this process."""
    pid = pid or os.getpid()
    return f"{_place()}:{pid}:{_start(pid)}"


def is_alive(process: str) -> bool | None:
    """Whether the process that :func:`identity` named exists and can still act.

    Returns:
        None where that cannot be told from here: it was started on another machine, in another container, or before
        this machine was restarted.
    """
    place, pid, start = process.rsplit(":", 2)
    return (start != "" and _start(int(pid)) == start) if place == _place() else None


@cache
def _place() -> str:
    """Within what numbers of processes can be compared: one start of a machine, and one container there."""
    if sys.platform.startswith("linux"):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.stat('/proc/self/ns/pid').st_ino}"
    return platform.node()


def _start(pid: int) -> str:
    """When a process was started, in a measure that setting the clock leaves alone; empty if there is no such process.

    On Linux psutil adds the time of the boot, which moves with the clock; elsewhere the system keeps what the clock
    said.
    """
    if sys.platform.startswith("linux"):
        try:
            state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        # Dead and not reaped: a container's first process often reaps nobody.
        return "" if state in "ZX" else rest[18]  # field 22 of proc_pid_stat(5), in ticks since the boot
    try:
        process = psutil.Process(pid)
        return "" if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
    except psutil.NoSuchProcess:
        return ""
