"""Real data sets beside the repository, for the tests that need them."""

from __future__ import annotations

from pathlib import Path

import pytest

from xfer_core.domains import builtin_domains, domain_keys

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"  # real data sets beside the repository


needs_data = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="no folder shared/data with MNIST and USPS here")


IN_SHARED_DATA = ("mnist", "usps")
not_beside = pytest.mark.skip(reason="its files are not in shared/data: they have to be downloaded")


def _marks(key: str) -> tuple[pytest.MarkDecorator, ...]:
    if key in builtin_domains():
        return ()
    return (needs_data,) if key in IN_SHARED_DATA else (not_beside,)


EVERY_DOMAIN = [pytest.param(key, marks=_marks(key)) for key in domain_keys()]
