"""Registry of domains: those that are built in, and own ones, which may come and go while a program runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from xfer_core.domains.base import Domain, DomainInfo
from xfer_core.domains.downloads import download_files
from xfer_core.domains.once import LockPerKey
from xfer_core.domains.own import OwnDomains
from xfer_core.domains.reference import key_of, make_reference, read_parameters, split_reference
from xfer_core.domains.views import of_view, with_views
from xfer_core.errors import XferError
from xfer_core.settings import settings

NEAREST = 5  # keys that an error names
KEPT = 40  # domains in memory; one of digits takes 6 MB, MNIST 55


class DomainRegistry:
    """The domains that somebody can use.

    Args:
        builtin: key → domain, known from the start.
        folder: of the own domains, asked for at each use, so that every process that knows it sees the same; None for
            none.
    """

    def __init__(self, builtin: Mapping[str, DomainInfo], folder: Callable[[], Path] | None = None) -> None:
        self.builtin = dict(builtin)
        self._folder = folder
        self._locks = LockPerKey()
        self._build = lru_cache(KEPT)(self._build_anew)

    @property
    def own(self) -> OwnDomains | None:
        """The own domains; None if this registry has no place for them."""
        return OwnDomains(self._folder()) if self._folder else None

    def keys(self) -> tuple[str, ...]:
        """The keys of all domains, own ones last."""
        return (*self.builtin, *(key for key in (self.own.keys() if self.own else ()) if key not in self.builtin))

    def add(self, key: str, info: DomainInfo) -> None:
        """Make a domain known to this process, under a key that no other has; ``own.save`` makes it known to all.

        Raises:
            XferError: ``domain_exists``.
        """
        if key in self.keys():
            raise XferError("domain_exists", "domain", key)
        self.builtin[key] = info

    def remove(self, key: str) -> None:
        """Forget a domain that :meth:`add` made known.

        Raises:
            XferError: ``unknown_domain``.
        """
        self.info(key)
        del self.builtin[key]
        self._build.cache_clear()

    def info(self, reference: str, field: str = "domain") -> DomainInfo:
        """Metadata of a domain, with the parameters of the reference; reads no sample.

        Raises:
            XferError: ``unknown_domain``, ``no_parameters``, or those of ``read_parameters``, naming ``field``.
        """
        key, texts = split_reference(reference, field)
        try:
            info = self.builtin.get(key) or (self.own and self.own.info(key))
        except XferError as error:
            error.field = field
            raise
        if info is None:
            raise XferError("unknown_domain", field, key, allowed=self._nearest(key))
        info = with_views(info)
        if info.parameters is None:
            if texts:
                raise XferError("no_parameters", field, reference, domain=key)
            return info
        return of_view(info.bind(reference, read_parameters(info.parameters, texts, field)))

    def _nearest(self, key: str) -> tuple[str, ...]:
        """The keys that are spelled most similarly."""
        return tuple(get_close_matches(key, self.keys(), n=NEAREST, cutoff=0))

    def canonical(self, reference: str) -> str:
        """The shortest reference to the same domain; the given one if it is wrong."""
        key = key_of(reference)
        if key == reference:
            return reference
        try:
            parameters = self.info(reference).parameters
        except XferError:
            return reference
        return make_reference(key, parameters) if parameters else reference

    def is_available(self, reference: str) -> bool:
        """Whether loading the domain needs no download."""
        download = self.info(reference).download
        return download is None or download.is_available(settings().data_folder)

    def download(
        self, reference: str, progress: Callable[[float], object] | None = None, field: str = "domain"
    ) -> None:
        """Download the files of a domain, if they are not on this machine.

        Args:
            reference: the domain.
            progress: called with the fraction downloaded, 0 to 1.
            field: named in an error.

        Raises:
            XferError: ``unknown_domain`` or ``no_download``.
        """
        wanted = self.info(reference, field).download
        if wanted is not None and not self.is_available(reference):
            download_files(wanted, reference, field, progress)

    def version(self, reference: str) -> int:
        """A number that changes when an own domain is saved anew: what is kept of a domain is kept with it."""
        key = key_of(reference)
        return self.own.version(key) if self.own and key not in self.builtin else 0

    def load(self, reference: str, field: str = "domain") -> Domain:
        """A domain; built once per process, though several threads ask, its files downloaded if they are missing.

        Raises:
            XferError: ``unknown_domain``, ``no_download``, ``no_package``, ``broken_data`` or another error in its
                files, naming ``field``; the errors of :class:`Domain`, naming the part of it.
        """
        self.info(reference, field)
        try:
            with self._locks(reference):
                return self._build(reference, self.version(reference))
        except XferError as error:
            if error.field == "domain":
                error.field = field
            raise

    def _build_anew(self, reference: str, version: int) -> Domain:
        """Build a domain; the version changes when an own domain is saved anew."""
        self.download(reference)
        info = self.info(reference)
        domain = info.build()
        info.check_domain(domain)
        return domain


current: ContextVar[DomainRegistry] = ContextVar("registry")


@contextmanager
def use_registry(registry: DomainRegistry) -> Iterator[None]:
    """Resolve references to domains in this registry, within the block and this thread."""
    token = current.set(registry)
    try:
        yield
    finally:
        current.reset(token)
