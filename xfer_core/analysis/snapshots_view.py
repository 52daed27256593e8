"""The snapshots of a run and its selected checkpoint, for the page Inspect."""

from __future__ import annotations

from dataclasses import dataclass

from xfer_core.errors import XferError
from xfer_core.networks.base import Network
from xfer_core.problems.problem import split_problem
from xfer_core.runs.load_network import load_network, load_trained_network
from xfer_core.runs.snapshots import snapshots
from xfer_core.runs.store import Run

FINAL = "end"


@dataclass(frozen=True)
class SnapshotRef:
    """Reference to one snapshot of a run.

    Attributes:
        key: unique in its run; ``end`` is the selected checkpoint.
        step: steps done; for ``end`` the step that the selection rule selected.
        index: of the phase that began there; None if none did.
        phase: that phase's name; empty if none began.
        reset: whether heads or network had just been reset to random values there.
    """

    key: str
    step: int
    index: int | None = None
    phase: str = ""
    reset: bool = False


def final_of(run: Run) -> SnapshotRef:
    """The selected checkpoint."""
    result = run.result or {}
    spec = run.typed_spec
    chosen = (result.get("selection") or {}).get(spec.training.selection)
    return SnapshotRef(FINAL, int(chosen["step"] if chosen else result.get("step", 0)))


def snapshot_refs(run: Run) -> list[SnapshotRef]:
    """One snapshot per step, in order, and the selected checkpoint last.

    Evaluation snapshots at the step where a phase began, or at the selected step, have the same network: they are left
    out.

    Raises:
        XferError: ``no_snapshots``.
    """
    stored = snapshots(run.id)
    spec = run.typed_spec
    data = split_problem(spec.problem, spec.seed, load_inputs=False).training_data()
    network = spec.network.build(spec.problem.input_spec(), spec.problem.outputs())
    phases = spec.strategy.phases(data, network)
    refs: dict[int, SnapshotRef] = {}
    for snapshot in stored:
        ref = SnapshotRef(snapshot.path.stem, snapshot.step)
        if snapshot.phase is not None:
            phase = phases[snapshot.phase]
            ref = SnapshotRef(ref.key, ref.step, snapshot.phase, phase.name, phase.reset != "nothing")
        refs[snapshot.step] = ref
    end = final_of(run)
    return [*(ref for ref in refs.values() if ref.step != end.step or ref.phase), end]


def load_snapshot(run: Run, key: str) -> Network:
    """The network of the snapshot with that key, on the CPU, in eval mode.

    Raises:
        XferError: ``no_weights`` or ``no_snapshots`` if it is missing.
    """
    if key == FINAL:
        return load_trained_network(run)
    state = next((snapshot.state() for snapshot in snapshots(run.id) if snapshot.path.stem == key), None)
    if state is None:
        raise XferError("no_snapshots", "run", run.id)
    return load_network(run.typed_spec, state)
