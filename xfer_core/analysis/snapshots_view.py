"""The moments of a run that can be looked back at: its snapshots, and the network that counts."""

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
    """The network at one moment.

    Attributes:
        key: names it among the moments of its run; ``end`` is the network that counts.
        step: steps done; of the end, the step that the selection rule took.
        index: of the phase that began there; None where none did.
        phase: that phase's name; nothing where none began.
        renewed: whether heads or network had just been given random values there.
    """

    key: str
    step: int
    index: int | None = None
    phase: str = ""
    reset: bool = False


def final_of(run: Run) -> SnapshotRef:
    """The network that counts."""
    result = run.result or {}
    spec = run.typed_spec
    chosen = (result.get("selection") or {}).get(spec.training.selection)
    return SnapshotRef(FINAL, int(chosen["step"] if chosen else result.get("step", 0)))


def snapshot_refs(run: Run) -> list[SnapshotRef]:
    """One moment a step, in order, and the network that counts last.

    Where a phase began, the look at the same step saw the same network, and so did the look that the selection rule
    took: these are left out.

    Raises:
        XferError: ``no_snapshots``.
    """
    kept = snapshots(run.id)
    spec = run.typed_spec
    seen = split_problem(spec.problem, spec.seed, load_inputs=False).training_data()
    network = spec.network.build(spec.problem.input_shape(), spec.problem.outputs())
    phases = spec.strategy.phases(seen, network)
    moments: dict[int, SnapshotRef] = {}
    for snapshot in kept:
        moment = SnapshotRef(snapshot.path.stem, snapshot.step)
        if snapshot.phase is not None:
            phase = phases[snapshot.phase]
            moment = SnapshotRef(moment.key, moment.step, snapshot.phase, phase.name, phase.reset != "nothing")
        moments[snapshot.step] = moment
    end = final_of(run)
    return [*(moment for moment in moments.values() if moment.step != end.step or moment.phase), end]


def load_snapshot(run: Run, key: str) -> Network:
    """The network at the moment of that key, on the CPU, in eval mode.

    Raises:
        XferError: ``no_weights`` or ``no_snapshots`` if it is not there.
    """
    if key == FINAL:
        return load_trained_network(run)
    state = next((snapshot.state() for snapshot in snapshots(run.id) if snapshot.path.stem == key), None)
    if state is None:
        raise XferError("no_snapshots", "run", run.id)
    return load_network(run.typed_spec, state)
