"""The network as it was at a few moments of its run: what the page looks back at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.files import write_whole
from xfer_core.settings import settings
from xfer_core.training.trainer import Trainer

FOLDER = "snapshots"
MAX_SNAPSHOTS = 8  # looks that are kept; the beginning of every phase is kept beside them


@dataclass(frozen=True)
class Snapshot:
    """The network after ``step`` steps.

    Attributes:
        run: the run's id.
        step: steps done.
        phase: the phase that began there, by its index; None in the middle of one.
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
    """Keeps the network at about eight looks of a run, and at the beginning of every phase.

    Args:
        folder: of the run's artifacts.
        trainer: the run.
    """

    def __init__(self, folder: Path, trainer: Trainer) -> None:
        self.folder, self.trainer = folder / FOLDER, trainer
        looks = max(1, trainer.training.steps // trainer.eval_every)
        self.every = math.ceil(looks / MAX_SNAPSHOTS) * trainer.eval_every

    def on_evaluation(self) -> None:
        """Keep this look if its turn has come. A run that is trained again from a checkpoint replaces what it wrote."""
        step = self.trainer.step
        if step % self.every == 0 or step == self.trainer.training.steps:
            self._write(f"step-{step:08d}")

    def on_phase_start(self) -> None:
        """Keep what the phase that begins now starts from."""
        self._write(f"step-{self.trainer.step:08d}-phase-{self.trainer.phase_index}")

    def _write(self, name: str) -> None:
        write_weights(self.trainer.network, self.folder / f"{name}.safetensors")


def write_weights(network: torch.nn.Module, path: Path, durable: bool = False) -> None:
    """Replace a safetensors file with the whole state of the network in one move; ``durable`` as in ``write_whole``."""
    state = {name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}
    write_whole(path, save(state), durable)


def snapshots(run: str) -> list[Snapshot]:
    """What was kept of a run, in order; where a phase began, what it began with comes last.

    Raises:
        XferError: ``no_snapshots`` where there are none.
    """
    found = []
    for path in sorted((settings().artifacts(run) / FOLDER).glob("step-*.safetensors")):
        _, step, *phase = path.stem.split("-")
        found.append(Snapshot(run, int(step), int(phase[1]) if phase else None, path))
    if not found:
        raise XferError("no_snapshots", "run", run)
    return sorted(found, key=lambda one: (one.step, one.phase is not None))
