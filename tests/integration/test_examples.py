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


def test_every_example_runs_and_ends_with_a_number():
    """One after the other in one process: the most time goes into importing torch."""
    code = "import runpy, sys\nfor path in sys.argv[1:]: runpy.run_path(path, run_name='__main__'), print('---')"
    command, env = [sys.executable, "-c", code, *map(str, EXAMPLES)], {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert not ran.returncode, ran.stderr
    *said, rest = ran.stdout.split("---\n")
    assert rest == ""
    assert len(said) == len(EXAMPLES) > 2
    for example, text in zip(EXAMPLES, said, strict=True):
        assert 0 <= float(text.split()[-1]) <= 1, example


def test_every_public_name_is_there_and_none_is_loaded_before_it_is_used():
    for name in xfer_core.__all__:
        assert getattr(xfer_core, name) is not None
    assert set(xfer_core.__all__) <= set(dir(xfer_core))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = xfer_core.nonsense
    code = "import sys, xfer_core; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
