"""Real data sets beside the repository, for the tests that need them."""

from __future__ import annotations

from pathlib import Path

import pytest

from xfer_core.domains import builtin_domains, domain_keys

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"  # real data sets beside the repository


needs_data = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason="no folder shared/data with MNIST and USPS here")


EVERY_DOMAIN = [pytest.param(key, marks=() if key in builtin_domains() else needs_data) for key in domain_keys()]
