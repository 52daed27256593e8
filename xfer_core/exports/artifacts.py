"""Exports the artifacts of training: weights (safetensors) and λ of every sample (CSV), if there are any."""

from __future__ import annotations

import shutil
from pathlib import Path

from safetensors.torch import load_file, save

from xfer_core.errors import XferError
from xfer_core.exports.outputs import metadata
from xfer_core.runs.artifacts import SAMPLE_WEIGHTS, WEIGHTS
from xfer_core.runs.store import Run, Store
from xfer_core.workspace import current_workspace


def names(run: Run) -> list[str]:
    """``weights.safetensors``, and ``sample_weights.csv`` if there is one.

    Raises:
        XferError: ``left_out_weights`` for a run without final weights.
    """
    if not (current_workspace().artifacts(run.id) / WEIGHTS).exists():
        raise XferError("left_out_weights", WEIGHTS, run.status)
    return [name for name in (WEIGHTS, SAMPLE_WEIGHTS) if (current_workspace().artifacts(run.id) / name).exists()]


def write(store: Store, run: Run, folder: Path) -> list[Path]:
    """Write ``weights.safetensors`` with the meaning of its outputs as metadata, and copy ``sample_weights.csv``.

    Raises:
        XferError: ``left_out_weights`` for a run without final weights.
    """
    names(run)
    weights, shares = [current_workspace().artifacts(run.id) / name for name in (WEIGHTS, SAMPLE_WEIGHTS)]
    path = folder / WEIGHTS
    path.write_bytes(save(load_file(weights), metadata(run)))  # save_file would restrict it to its owner (mode 0600)
    return [path, *([Path(shutil.copy(shares, folder))] if shares.exists() else [])]
