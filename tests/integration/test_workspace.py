"""Two workspaces in one process: each has its own domains, runs and files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.runs import trained_run
from xfer_core import DomainRegistry, Workspace, current_workspace, domain_keys, open_store, registry
from xfer_core.errors import XferError
from xfer_core.runs.artifacts import WEIGHTS
from xfer_core.runs.load_network import load_trained_network

PHOTO, HAND = "digits.photo", "digits.handwritten"


def of(owner: str, place: Path, *keys: str) -> Workspace:
    """A workspace with these domains, in a folder of its own."""
    domains = DomainRegistry({key: registry().info(key.replace("my.", "digits.")) for key in keys})
    return Workspace(owner, domains, f"sqlite:///{place / owner}.db", place / owner)


def test_each_has_its_domains_its_runs_and_its_files(tmp_path):
    ann, ben = of("ann", tmp_path, HAND, PHOTO), of("ben", tmp_path, HAND, PHOTO, "digits.noisy")
    with ann.use():
        run = trained_run(open_store())
        assert current_workspace().owner == "ann"
        assert domain_keys() == (HAND, PHOTO)
        assert (tmp_path / "ann" / run.id / WEIGHTS).exists()
        assert load_trained_network(run)
        with ben.use():
            assert "digits.noisy" in domain_keys()
            assert not open_store().find()
            with pytest.raises(XferError, match="must have trained to an end"):
                load_trained_network(run)
        assert [row.id for row in open_store().find()] == [run.id]
    assert current_workspace().owner == ""
    assert not open_store().find()
    assert len(domain_keys()) > 3
