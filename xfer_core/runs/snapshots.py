"""Snapshots: the network at a few steps of its run, for the page Inspect."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.files import write_whole
from xfer_core.training.trainer import Trainer
from xfer_core.workspace import current_workspace

FOLDER = "snapshots"
MAX_SNAPSHOTS = 8  # evaluations with a snapshot; the beginning of every phase gets one too


@dataclass(frozen=True)
class Snapshot:
    """The network after ``step`` steps.

    Attributes:
        run: the run's id.
        step: steps done.
        phase: index of the phase that began there; None within a phase.
        path: a safetensors file with the whole state of the network.
    """

    run: str
    step: int
    phase: int | None
    path: Path

    def state(self) -> dict[str, Tensor]:
        """Parameters and buffers by name, on the CPU."""
        return load_file(self.path)


class SnapshotWriter:
    """Saves the network at about eight evaluations of a run, and at the beginning of every phase.

    Args:
        folder: of the run's artifacts.
        trainer: the run.
    """

    def __init__(self, folder: Path, trainer: Trainer) -> None:
        self.folder, self.trainer = folder / FOLDER, trainer
        looks = max(1, trainer.training.steps // trainer.eval_every)
        self.every = math.ceil(looks / MAX_SNAPSHOTS) * trainer.eval_every

    def on_evaluation(self) -> None:
        """Save a snapshot if one is due. A run that resumes from a checkpoint replaces its own snapshots."""
        step = self.trainer.step
        if step % self.every == 0 or step == self.trainer.training.steps:
            self._write(f"step-{step:08d}")

    def on_phase_start(self) -> None:
        """Save the network that the phase starts with."""
        self._write(f"step-{self.trainer.step:08d}-phase-{self.trainer.phase_index}")

    def _write(self, name: str) -> None:
        write_weights(self.trainer.network, self.folder / f"{name}.safetensors")


def write_weights(network: torch.nn.Module, path: Path, durable: bool = False) -> None:
    """Replace a safetensors file atomically with the whole state of the network; ``durable`` as in ``write_whole``."""
    state = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    write_whole(path, save(state), durable)


def snapshots(run: str) -> list[Snapshot]:
    """The snapshots of a run, in order; at the step where a phase began, that phase's snapshot comes last.

    Raises:
        XferError: ``no_snapshots`` if there are none.
    """
    found = []
    for path in sorted((current_workspace().artifacts(run) / FOLDER).glob("step-*.safetensors")):
        _, step, *phase = path.stem.split("-")
        found.append(Snapshot(run, int(step), int(phase[1]) if phase else None, path))
    if not found:
        raise XferError("no_snapshots", "run", run)
    return sorted(found, key=lambda one: (one.step, one.phase is not None))
