"""Unique identity of a process: its number alone can be reused, and the wall clock can be set."""

from __future__ import annotations

import os
import platform
import signal
import sys
from functools import cache
from pathlib import Path

import psutil


def identity(pid: int | None = None) -> str:
    """Text that identifies one process, even if its number is reused later; by default this process."""
    pid = pid or os.getpid()
    return f"{_place()}:{pid}:{_start(pid)}"


def is_alive(process: str) -> bool | None:
    """Whether the process of this :func:`identity` exists and is no zombie.

    Returns:
        None if that cannot be checked from here: it was started on another machine, in another container, or before
        this machine was restarted.
    """
    place, pid, start = process.rsplit(":", 2)
    return (start != "" and _start(int(pid)) == start) if place == _place() else None


def end(process: str) -> None:
    """Kill the process of this :func:`identity`, if it exists and that can be checked from here."""
    if is_alive(process):
        os.kill(int(process.rsplit(":", 2)[1]), signal.SIGKILL if os.name == "posix" else signal.SIGTERM)


@cache
def _place() -> str:
    """The scope in which process numbers can be compared: one boot of a machine, and one container on it."""
    if sys.platform.startswith("linux"):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.stat('/proc/self/ns/pid').st_ino}"
    return platform.node()


def _start(pid: int) -> str:
    """The start time of a process, independent of changes of the clock; empty if there is no such process.

    On Linux psutil adds the time of the boot, which changes with the clock; elsewhere the system stores the time of
    the start.
    """
    if sys.platform.startswith("linux"):
        try:
            state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        # Zombies count as dead: a container's first process often does not reap its children.
        return "" if state in "ZX" else rest[18]  # field 22 of proc_pid_stat(5), in ticks since the boot
    try:
        process = psutil.Process(pid)
        return "" if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
    except psutil.NoSuchProcess:
        return ""
