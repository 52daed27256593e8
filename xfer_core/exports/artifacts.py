"""The files that training itself left: weights (safetensors) and λ of every sample (CSV), where there are any."""

from __future__ import annotations

import shutil
from pathlib import Path

from xfer_core.errors import XferError
from xfer_core.runs.store import Run, Store
from xfer_core.runs.worker import SAMPLE_WEIGHTS, WEIGHTS
from xfer_core.settings import settings


def write(store: Store, run: Run, folder: Path) -> list[Path]:
    """Copy ``weights.safetensors`` and ``sample_weights.csv``.

    Raises:
        XferError: ``left_out_weights`` for a run that has not trained to an end.
    """
    found = [settings().artifacts(run.id) / name for name in (WEIGHTS, SAMPLE_WEIGHTS)]
    if not found[0].exists():
        raise XferError("left_out_weights", WEIGHTS, run.status)
    return [Path(shutil.copy(path, folder)) for path in found if path.exists()]
