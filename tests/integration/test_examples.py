"""The public face of the core, and the examples that use it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import xfer_core

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_ends_with_a_number(example):
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, str(example)], cwd=ROOT, env=env, capture_output=True, text=True)
    assert not ran.returncode, ran.stderr
    assert 0 <= float(ran.stdout.split()[-1]) <= 1


def test_every_public_name_is_there_and_none_is_loaded_before_it_is_used():
    for name in xfer_core.__all__:
        assert getattr(xfer_core, name) is not None
    assert set(xfer_core.__all__) <= set(dir(xfer_core))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = xfer_core.nonsense
    code = "import sys, xfer_core; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
