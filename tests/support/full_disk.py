"""What the operating system says where a disk is full."""

from __future__ import annotations

import errno
import os


def full_disk() -> OSError:
    """The error of a write."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def refuse(*_: object) -> None:
    """In place of a function that writes."""
    raise full_disk()
