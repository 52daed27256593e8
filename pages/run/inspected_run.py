"""What the pictures of a look inside are made of, computed once and remembered."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from pages.i18n import _
from pages.widgets.phases import phase_titles
from pages.widgets.store import store
from xfer_core.analysis.feature_trajectory import FeatureTrajectory, feature_trajectories
from xfer_core.analysis.filters import first_filters
from xfer_core.analysis.grad_cam import grad_cam
from xfer_core.analysis.layer_drift import LayerDrift, layer_drift
from xfer_core.analysis.predictions import Predictions, from_logits, held_out_samples, predict_logits
from xfer_core.analysis.snapshots_view import FINAL, SnapshotRef, final_of, load_snapshot, snapshot_refs
from xfer_core.errors import XferError
from xfer_core.problems.problem import Problem, Samples
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import Run

KEPT = 40  # results of each kind that a server remembers
COMPARED = 1000  # samples that the stages are compared on


@dataclass(frozen=True)
class InspectedRun:
    """What is looked at.

    Attributes:
        run: a run whose network is there.
        domain: whose test samples it is shown.
        task: which of its answers are looked at.
        controls: where its own controls go; None: above its picture.
        shared: where controls go that act on all that stand side by side; None: above its picture.
    """

    run: Run
    domain: str
    task: str
    controls: DeltaGenerator | None = field(default=None, compare=False)
    shared: DeltaGenerator | None = field(default=None, compare=False)

    @property
    def spec(self) -> RunSpec:
        """What the run was asked."""
        return self.run.typed_spec

    @property
    def classes(self) -> tuple[str, ...]:
        """Of the task; none for a regression."""
        return self.spec.problem.classes()[self.task]

    @property
    def place(self) -> AbstractContextManager[object]:
        """Where its own controls go, for ``with``."""
        return self.controls or nullcontext()

    @property
    def shared_place(self) -> AbstractContextManager[object]:
        """Where controls go that act on all that stand side by side, for ``with``."""
        return self.shared or nullcontext()

    def key(self, name: str) -> str:
        """Of a widget, by the run: two runs can stand side by side."""
        return f"inside.{name}.{self.run.id}"

    def samples(self) -> Samples:
        """The test samples of the domain."""
        return samples_of(self.run, self.domain)

    def outputs(self, moment: str = FINAL) -> Tensor:
        """What the task's head says at a moment: float32 (N, K), or (N, 1) for a regression."""
        return _outputs(*_life(self.run), self.domain, moment)[self.task]

    def predictions(self, moment: str = FINAL) -> Predictions:
        """The answers at a moment."""
        return from_logits(self.samples().labels[self.task], self.outputs(moment))

    def snapshots(self) -> list[SnapshotRef]:
        """Its snapshots and the end; only the end where no snapshots were kept."""
        return snapshots_to_show(self.run)

    def layer_drift(self, moment: str) -> list[LayerDrift]:
        """How far each stage is at the end from where it was at the moment."""
        return _moved(*_life(self.run), self.domain, self.task, moment)

    def filters(self, moment: str = FINAL) -> Tensor:
        """Those of the first stage: float32 (F, C, K, K)."""
        return first_filters(load_snapshot(self.run, moment))

    def grad_cam(self, positions: tuple[int, ...]) -> np.ndarray:
        """Grad-CAM of its own answers to these samples: (N, H, W)."""
        return _looked(*_life(self.run), self.domain, self.task, positions)


def embedded(subjects: list[InspectedRun], domains: tuple[str, ...]) -> list[FeatureTrajectory]:
    """The trails of one run, or of two side by side."""
    return _trails(tuple(_life(subject.run) for subject in subjects), domains, subjects[0].task)


def snapshot_title(moment: SnapshotRef, short: bool = False) -> str:
    """A moment in words: its step, and the phase that began there."""
    if moment.key == FINAL and short:
        return _("step {step}: the end").format(step=moment.step)
    if moment.key == FINAL:
        return _("step {step}: the selected checkpoint").format(step=moment.step)
    if not moment.phase or (short and not moment.index):
        return _("step {step}").format(step=moment.step)
    phase = phase_titles().get(moment.phase, moment.phase)
    return _("step {step}: before {phase}").format(step=moment.step, phase=phase)


def snapshots_to_show(run: Run) -> list[SnapshotRef]:
    """Its snapshots and the end; only the end where no snapshots were kept."""
    try:
        return _moments(*_life(run))
    except XferError as error:
        if error.code != "no_snapshots":
            raise
        return [final_of(run)]


def _life(run: Run) -> tuple[str, float | None]:
    """A run that was resumed is another one to what was remembered of it."""
    return run.id, run.ended


@st.cache_resource(max_entries=8, show_spinner=False)
def _samples(problem: str, seed: int, domain: str) -> Samples:
    return held_out_samples(Problem.model_validate_json(problem), seed, domain)


def samples_of(run: Run, domain: str) -> Samples:
    """The test samples of a domain as this run was dealt them."""
    spec = run.typed_spec
    return _samples(spec.problem.model_dump_json(), spec.seed, domain)


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _moments(run: str, ended: float | None) -> list[SnapshotRef]:
    return snapshot_refs(store().get(run))


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _outputs(run: str, ended: float | None, domain: str, moment: str) -> dict[str, Tensor]:
    row = store().get(run)
    precision = (row.result or {}).get("precision", "float32")  # as it was measured, so that its figures come out again
    return predict_logits(load_snapshot(row, moment), samples_of(row, domain).inputs, precision)


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _moved(run: str, ended: float | None, domain: str, task: str, moment: str) -> list[LayerDrift]:
    row = store().get(run)
    images = samples_of(row, domain).inputs[:COMPARED]
    return layer_drift(load_snapshot(row, moment), load_snapshot(row, FINAL), images, task)


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _looked(run: str, ended: float | None, domain: str, task: str, positions: tuple[int, ...]) -> np.ndarray:
    row = store().get(run)
    images = samples_of(row, domain).inputs[list(positions)]
    network = load_snapshot(row, FINAL)
    return grad_cam(network, images, task, predict_logits(network, images)[task].argmax(1))


@st.cache_data(max_entries=KEPT // 4, show_spinner=False)
def _trails(
    lives: tuple[tuple[str, float | None], ...], domains: tuple[str, ...], task: str
) -> list[FeatureTrajectory]:
    runs = [store().get(run) for run, _ended in lives]
    return feature_trajectories([(run, snapshots_to_show(run)) for run in runs], domains, task)
