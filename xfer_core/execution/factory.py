"""The process that workers are forked from. It imports and makes beforehand what every worker needs (``warm.py``).

Nothing slow is imported here: it begins to warm up before the dispatcher has loaded torch for itself.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.context
import multiprocessing.forkserver
import os
import sys
from pathlib import Path

import xfer_core

ROOT = Path(xfer_core.__file__).parent
FORKS = sys.platform.startswith("linux")  # elsewhere workers are spawned: Apple's GPU needs that


def begin_factory() -> None:
    """Start the process, which warms up by itself meanwhile; nothing where workers are spawned, or if it is there."""
    if not FORKS:
        return
    # Python 3.11's forkserver ignores sys.path when it preloads (cpython #117378).
    search = [str(ROOT.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(search))
    multiprocessing.set_forkserver_preload(["xfer_core.execution.preload"])
    multiprocessing.forkserver.ensure_running()


def warm_factory() -> multiprocessing.context.BaseContext:
    """Where workers come from, once it is warm."""
    if not FORKS:
        return multiprocessing.get_context("spawn")
    begin_factory()
    context = multiprocessing.get_context("forkserver")
    first = context.Process(target=_nothing)
    first.start()  # returns once the factory is warm: whoever has the lease must not be held up by that
    first.join()
    return context


def _nothing() -> None: ...
