"""Getting rid of runs, with their files."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from xfer_core.runs.store import Store
from xfer_core.settings import settings


def delete_runs(store: Store, runs: Sequence[str]) -> None:
    """Forget these runs and remove their checkpoints and weights.

    Raises:
        XferError: ``not_in_status`` if one is waiting or running; then none is deleted.
    """
    store.delete(runs)
    for run in runs:
        shutil.rmtree(settings().artifacts(run), ignore_errors=True)
