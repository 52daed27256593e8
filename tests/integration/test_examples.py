"""The public face of the core, and the examples that use it."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import xfer_core
from xfer_core import DomainRegistry, domain_keys, registry, use_registry

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def test_every_example_runs_and_ends_with_a_number(capsys):
    """In this process, with domains of its own: a new one would take seconds to import torch."""
    assert len(EXAMPLES) > 2
    with use_registry(DomainRegistry(registry().builtin)):
        for example in EXAMPLES:
            runpy.run_path(str(example), run_name="__main__")
            assert 0 <= float(capsys.readouterr().out.split()[-1]) <= 1, example
    assert "halves.clean" not in domain_keys(), "what an example adds is not there afterwards"


def test_every_public_name_is_there_and_none_is_loaded_before_it_is_used():
    for name in xfer_core.__all__:
        assert getattr(xfer_core, name) is not None
    assert set(xfer_core.__all__) <= set(dir(xfer_core))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = xfer_core.nonsense
    code = "import sys, xfer_core; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
