"""A database as revision 0004 left it: runs, a race, two experiments, a λ sweep, and a run with its baselines."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

DUMP = Path(__file__).with_name("store_0004.sql")


@pytest.fixture
def old_store(tmp_path) -> sqlite3.Connection:
    """That database, in place of this installation's."""
    (tmp_path / "home").mkdir()
    connection = sqlite3.connect(tmp_path / "home" / "xfer.db")
    connection.executescript(DUMP.read_text("utf-8"))
    return connection
