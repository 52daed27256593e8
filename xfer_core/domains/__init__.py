"""Data domains. To add a family of domains: add a file, and its name to ``FAMILIES``."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from xfer_core.domains import clinical, coloured, digits, mnist_usps, names, newsgroups, planar, printed, published
from xfer_core.domains.base import Card, Domain, DomainInfo, Task
from xfer_core.domains.registry import DomainRegistry, current, use_registry
from xfer_core.errors import XferError
from xfer_core.settings import settings

FAMILIES = (digits, printed, coloured, planar, clinical, names, mnist_usps, published, newsgroups)
_default = DomainRegistry(
    {key: info for family in FAMILIES for key, info in family.DOMAINS.items()}, lambda: settings().home / "domains"
)


def registry() -> DomainRegistry:
    """The registry that references to domains are resolved in: that of ``use_registry``, else the installation's."""
    return current.get(_default)


def domain_keys() -> tuple[str, ...]:
    """The keys of all domains."""
    return registry().keys()


def builtin_domains() -> tuple[str, ...]:
    """The keys of the domains that never need a download."""
    return tuple(key for key, info in registry().builtin.items() if info.download is None)


def domain_info(reference: str, field: str = "domain") -> DomainInfo:
    """Metadata of a domain; as :meth:`DomainRegistry.info`."""
    return registry().info(reference, field)


def unit_of(reference: str, task: str) -> str:
    """The unit of a regression, such as ``°``; empty for one without, and where the domain is gone."""
    try:
        return domain_info(reference).units.get(task, "")
    except XferError:
        return ""


def notices(references: Iterable[str]) -> tuple[str, ...]:
    """What must be read with these domains, each sentence once; a domain that is gone says nothing."""
    found = dict[str, None]()
    for reference in references:
        try:
            found[domain_info(reference).card.notice] = None
        except XferError:
            continue
    return tuple(filter(None, found))


def is_available(reference: str) -> bool:
    """Whether loading the domain needs no download."""
    return registry().is_available(reference)


def download(reference: str, progress: Callable[[float], object] | None = None, field: str = "domain") -> None:
    """Download the files of a domain; as :meth:`DomainRegistry.download`."""
    registry().download(reference, progress, field)


def load_domain(reference: str, field: str = "domain") -> Domain:
    """A domain with its samples; as :meth:`DomainRegistry.load`."""
    return registry().load(reference, field)


__all__ = [
    "Card",
    "Domain",
    "DomainInfo",
    "DomainRegistry",
    "Task",
    "builtin_domains",
    "domain_info",
    "domain_keys",
    "download",
    "is_available",
    "load_domain",
    "notices",
    "registry",
    "unit_of",
    "use_registry",
]
