"""What the operating system says where a disk is full."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

import pytest


def full_disk() -> OSError:
    """The error of a write."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def refuse(*_: object) -> None:
    """In place of a function that writes."""
    raise full_disk()


def fill_after_one(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> None:
    """The disk is full from the second call of a function on."""
    write: Callable[..., Any] = getattr(module, name)

    def first(*given: Any) -> Any:
        monkeypatch.setattr(module, name, refuse)
        return write(*given)

    monkeypatch.setattr(module, name, first)
