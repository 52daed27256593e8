"""Exports the trained network as ONNX, for runtimes other than torch; needs the optional packages."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import xfer_core
from xfer_core.errors import XferError
from xfer_core.runs.artifacts import WEIGHTS
from xfer_core.runs.store import Run, Store
from xfer_core.settings import settings
from xfer_core.workspace import current_workspace

FILE = "network.onnx"
NEEDED = ("onnx", "onnxscript")
MOST_SECONDS = 300.0


def names(run: Run) -> list[str]:
    """``network.onnx``.

    Raises:
        XferError: ``left_out_onnx`` if a package is missing, ``left_out_weights`` if there are no weights.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise XferError("left_out_onnx", FILE, [f"no {name}" for name in missing], packages=" ".join(missing))
    if not (current_workspace().artifacts(run.id) / WEIGHTS).exists():
        raise XferError("left_out_weights", FILE, run.status)
    return [FILE]


def write(store: Store, run: Run, folder: Path) -> list[Path]:
    """Write ``network.onnx``: input ``images``, float (B, C, H, W) in 0…1, or ``rows``, as the domain holds them, float
    (B, columns), or ``texts``, token indices, int64 (B, tokens), of the vocabulary in the metadata; one output per
    task, with its name. The class of each output value is in the metadata (:func:`xfer_core.exports.outputs.metadata`).
    It is written by a separate process, so that its memory is freed.

    Raises:
        XferError: as :func:`names`; ``onnx_failed`` if the exporter failed.
    """
    names(run)
    path = folder / FILE
    chosen = settings()
    search = os.pathsep.join([str(Path(xfer_core.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    try:
        subprocess.run(
            [sys.executable, "-m", "xfer_core.exports.onnx_process", run.id, str(path.absolute())],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=MOST_SECONDS,
            env={**os.environ, **chosen.environment(), "PYTHONPATH": search},
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        raise XferError("onnx_failed", FILE, said[-1] if said else f"exit code {error.returncode}") from None
    except subprocess.TimeoutExpired:
        raise XferError("onnx_failed", FILE, f"more than {MOST_SECONDS:.0f} s") from None
    return [path]
