"""Results that are computed once, though several threads ask for them at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, update_wrapper
from threading import Lock, RLock
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")


class once(Generic[T]):
    """As ``functools.cache`` for a function without arguments, which of several threads only one calls.

    Args:
        function: its result is kept.
    """

    def __init__(self, function: Callable[[], T]) -> None:
        update_wrapper(self, function)
        self._kept, self._lock = cache(function), Lock()

    def __call__(self) -> T:
        """The result, computed now if it was not before."""
        with self._lock:
            return self._kept()

    def cache_clear(self) -> None:
        """Forget the result."""
        self._kept.cache_clear()


class LockPerKey:
    """A lock for each key, which is forgotten when nobody holds or awaits it: ``with locks(key): …``."""

    def __init__(self) -> None:
        self._locks, self._guard = WeakValueDictionary[str, RLock](), Lock()

    def __call__(self, key: str) -> RLock:
        """The lock of this key."""
        with self._guard:
            return self._locks.setdefault(key, RLock())
