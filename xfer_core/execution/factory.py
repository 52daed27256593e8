"""The worker factory: the process that workers are forked from, with everything preloaded (``preload.py``).

Nothing slow is imported here, so that it starts to preload before the dispatcher itself has loaded the store.
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
    """Start the process, which preloads in the background; does nothing if workers are spawned, or if it runs."""
    if not FORKS:
        return
    # Python 3.11's forkserver ignores sys.path when it preloads (cpython #117378).
    search = [str(ROOT.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(search))
    multiprocessing.set_forkserver_preload(["xfer_core.execution.preload"])
    multiprocessing.forkserver.ensure_running()


def warm_factory() -> multiprocessing.context.BaseContext:
    """The multiprocessing context of the workers, once the factory has preloaded."""
    if not FORKS:
        return multiprocessing.get_context("spawn")
    begin_factory()
    context = multiprocessing.get_context("forkserver")
    first = context.Process(target=_nothing)
    first.start()  # returns once the factory is warm, so that the owner of the lease does not wait for it
    first.join()
    return context


def _nothing() -> None: ...
