"""What knowledge is about. Adding a family of domains is adding a file, and its name to ``FAMILIES``."""

from __future__ import annotations

from xfer_core.domains import digits
from xfer_core.domains.base import Card, Domain, Task
from xfer_core.errors import XferError

FAMILIES = (digits,)
MAKERS = {key: maker for family in FAMILIES for key, maker in family.DOMAINS.items()}


def domain_keys() -> tuple[str, ...]:
    """The keys of every domain that this installation knows."""
    return tuple(MAKERS)


def load_domain(key: str, field: str = "domain") -> Domain:
    """The domain called ``key``; made once a process.

    Raises:
        XferError: ``unknown_domain``, naming ``field``.
    """
    if key not in MAKERS:
        raise XferError("unknown_domain", field, key, allowed=domain_keys())
    return MAKERS[key]()


__all__ = ["Card", "Domain", "Task", "domain_keys", "load_domain"]
