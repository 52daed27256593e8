"""Data domains. To add a family of domains: add a file, and its name to ``FAMILIES``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from xfer_core.domains import coloured, digits, mnist_usps, printed
from xfer_core.domains.base import Card, Domain, DomainInfo, Task
from xfer_core.domains.downloads import download_files
from xfer_core.errors import XferError
from xfer_core.settings import settings

FAMILIES = (digits, printed, coloured, mnist_usps)
DOMAINS: dict[str, DomainInfo] = {key: offer for family in FAMILIES for key, offer in family.DOMAINS.items()}


def domain_keys() -> tuple[str, ...]:
    """The keys of all domains."""
    return tuple(DOMAINS)


def builtin_domains() -> tuple[str, ...]:
    """The keys of the domains that never need a download."""
    return tuple(key for key, info in DOMAINS.items() if info.download is None)


def domain_info(key: str, field: str = "domain") -> DomainInfo:
    """Metadata of the domain called ``key``; reads no sample.

    Raises:
        XferError: ``unknown_domain``, naming ``field``.
    """
    if key not in DOMAINS:
        raise XferError("unknown_domain", field, key, allowed=domain_keys())
    return DOMAINS[key]


def is_available(key: str) -> bool:
    """Whether loading the domain needs no download."""
    download = domain_info(key).download
    return download is None or download.is_available(settings().data_folder)


def download(key: str, progress: Callable[[float], object] | None = None, field: str = "domain") -> None:
    """Download the files of a domain, if they are not on this machine.

    Args:
        key: the domain.
        progress: called with the fraction downloaded, 0 to 1.
        field: named in an error.

    Raises:
        XferError: ``unknown_domain`` or ``no_download``.
    """
    wanted = domain_info(key, field).download
    if wanted is not None and not is_available(key):
        download_files(wanted, key, field, progress)


def load_domain(key: str, field: str = "domain") -> Domain:
    """The domain called ``key``; built once per process, its files downloaded if they are missing.

    Raises:
        XferError: ``unknown_domain``, ``no_download``, ``no_package``, ``broken_data`` or another error in its files,
            naming ``field``; the errors of :class:`Domain`, naming the part of it.
    """
    domain_info(key, field)
    try:
        return _build(key)
    except XferError as error:
        if error.field == "domain":
            error.field = field
        raise


@cache
def _build(key: str) -> Domain:
    download(key)
    domain = DOMAINS[key].build()
    DOMAINS[key].check_domain(domain)
    return domain


__all__ = [
    "Card",
    "Domain",
    "DomainInfo",
    "Task",
    "builtin_domains",
    "domain_info",
    "domain_keys",
    "download",
    "is_available",
    "load_domain",
]
