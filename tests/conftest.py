"""Fixtures that all tests share: a home and a data folder of their own, the default problem, an empty store."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from tests.support.data import SHARED_DATA
from tests.support.mnist_files import folder, network  # noqa: F401 - fixtures
from tests.support.old_store import old_store  # noqa: F401
from tests.support.published_files import small_sets  # noqa: F401
from tests.support.sentences import moods  # noqa: F401
from xfer_core.problems.problem import Problem, ProblemData, split_problem
from xfer_core.runs.store import Store
from xfer_core.training import trainer as loop_module

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")  # what is compared to the last bit is compared on the processor
torch.set_num_threads(1)
collect_ignore = [] if find_spec("playwright") else ["browser"]  # a GPU machine need not have it


@pytest.fixture(autouse=True)
def _own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("XFER_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory) -> Path:
    """A data folder with links to the real files: whatever is written beside them is written here."""
    root = tmp_path_factory.mktemp("data")
    for path in [*SHARED_DATA.glob("MNIST/raw/*.gz"), *SHARED_DATA.glob("usps*.bz2")]:
        link = root / path.relative_to(SHARED_DATA)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    return root


@pytest.fixture
def real_data(data_folder, monkeypatch) -> Path:
    """The data folder is the one with the real files."""
    monkeypatch.setenv("XFER_DATA", str(data_folder))
    return data_folder


@pytest.fixture(scope="session")
def data() -> ProblemData:
    """The default problem, dealt once with seed 0."""
    return split_problem(Problem(), 0)


@pytest.fixture
def every_step(monkeypatch) -> None:
    """The loop tells and asks its observer after every step instead of ten times a second."""
    monkeypatch.setattr(loop_module, "REPORT_SECONDS", -1.0)


@pytest.fixture
def url(tmp_path) -> str:
    """Where a run store could be; the folder does not exist yet."""
    return f"sqlite:///{tmp_path / 'folder' / 'xfer.db'}"


@pytest.fixture
def store(url) -> Store:
    """An empty run store."""
    return Store(url)
