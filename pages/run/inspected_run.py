"""Data for the views of Inspect: samples, predictions, snapshots and features of a run, cached."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from pages.i18n import _
from pages.widgets.encoder import encoder_of
from pages.widgets.phases import phase_titles
from pages.widgets.store import store
from xfer_core.analysis.feature_trajectory import FeatureTrajectory, feature_trajectories
from xfer_core.analysis.filters import first_filters
from xfer_core.analysis.grad_cam import grad_cam
from xfer_core.analysis.integrated_gradients import integrated_gradients
from xfer_core.analysis.layer_drift import LayerDrift, layer_drift
from xfer_core.analysis.predictions import Predictions, from_logits, held_out_samples, predict_logits
from xfer_core.analysis.snapshots_view import FINAL, SnapshotRef, final_of, load_snapshot, snapshot_refs
from xfer_core.analysis.token_attribution import TextPart, text_parts, token_contributions, token_summary
from xfer_core.errors import XferError
from xfer_core.modalities.text import TextEncoder
from xfer_core.problems.problem import Problem, Samples
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import Run

KEPT = 40  # cached results of each kind
COMPARED = 1000  # samples for CKA


@dataclass(frozen=True)
class InspectedRun:
    """A run with the domain and task to inspect.

    Attributes:
        run: an ended run whose network is stored.
        domain: the domain of the test samples.
        task: the task whose predictions are shown.
        controls: place for its own controls; None: above its view.
        shared: place for controls that act on all runs side by side; None: above its view.
    """

    run: Run
    domain: str
    task: str
    controls: DeltaGenerator | None = field(default=None, compare=False)
    shared: DeltaGenerator | None = field(default=None, compare=False)

    @property
    def spec(self) -> RunSpec:
        """The spec of the run."""
        return self.run.typed_spec

    @property
    def classes(self) -> tuple[str, ...]:
        """Of the task; none for a regression."""
        return self.spec.problem.classes()[self.task]

    @property
    def place(self) -> AbstractContextManager[object]:
        """Place for its own controls, for ``with``."""
        return self.controls or nullcontext()

    @property
    def shared_place(self) -> AbstractContextManager[object]:
        """Place for controls that act on all runs side by side, for ``with``."""
        return self.shared or nullcontext()

    def key(self, name: str) -> str:
        """Key of a widget, with the id of the run: two runs can be side by side."""
        return f"inside.{name}.{self.run.id}"

    def samples(self) -> Samples:
        """The test samples of the domain."""
        return samples_of(self.run, self.domain)

    def pictures(self) -> Tensor:
        """The test samples as pictures, uint8 (N, 3 or 1, height, width)."""
        return self.spec.problem.input_spec().pictures(self.samples().inputs)

    def outputs(self, snapshot: str = FINAL) -> Tensor:
        """Outputs of the task's head at a snapshot: float32 (N, K), or (N, 1) for a regression."""
        return _outputs(*_life(self.run), self.domain, snapshot)[self.task]

    def predictions(self, snapshot: str = FINAL, temperature: float = 1.0) -> Predictions:
        """The predictions at a snapshot, their logits divided by a temperature."""
        return from_logits(self.samples().labels[self.task], self.outputs(snapshot), temperature)

    def snapshots(self) -> list[SnapshotRef]:
        """Its snapshots and the final network; only the latter where no snapshots were stored."""
        return snapshots_to_show(self.run)

    def layer_drift(self, snapshot: str) -> list[LayerDrift]:
        """How far each stage of the final network is from the snapshot."""
        return _moved(*_life(self.run), self.domain, self.task, snapshot)

    def filters(self, snapshot: str = FINAL) -> Tensor:
        """Filters of the first stage: float32 (F, C, K, K)."""
        return first_filters(load_snapshot(self.run, snapshot))

    def grad_cam(self, positions: tuple[int, ...]) -> np.ndarray:
        """Grad-CAM of its predicted classes for these samples: (N, H, W)."""
        return _looked(*_life(self.run), self.domain, self.task, positions)

    def values(self) -> pd.DataFrame:
        """The values of the test samples, in the units of the domains; without columns where numbers tell nothing."""
        found = encoder_of(self.run).values(self.samples().inputs)
        return pd.DataFrame(index=range(len(self.samples()))) if found is None else found

    def integrated_gradients(self) -> pd.DataFrame:
        """What each column adds to the logit of the predicted class, for every test sample."""
        return _contributions(*_life(self.run), self.domain, self.task)

    def token_summary(self, wanted: int, positions: tuple[int, ...]) -> pd.DataFrame:
        """Of texts: what each token adds to the logit of a class, on average over these samples."""
        return _tokens(*_life(self.run), self.domain, self.task, wanted, positions)

    def token_contributions(self, positions: tuple[int, ...]) -> list[list[TextPart]]:
        """Of texts: what each letter or word of these samples adds to the logit of the predicted class."""
        return _text_parts(*_life(self.run), self.domain, self.task, positions)


def embedded(subjects: list[InspectedRun], domains: tuple[str, ...]) -> list[FeatureTrajectory]:
    """The feature trajectories of one run, or of two side by side."""
    return _trails(tuple(_life(subject.run) for subject in subjects), domains, subjects[0].task)


def snapshot_title(snapshot: SnapshotRef, short: bool = False) -> str:
    """A snapshot in words: its step, and the phase that began there."""
    if snapshot.key == FINAL and short:
        return _("step {step}: the end").format(step=snapshot.step)
    if snapshot.key == FINAL:
        return _("step {step}: the selected checkpoint").format(step=snapshot.step)
    if not snapshot.phase or (short and not snapshot.index):
        return _("step {step}").format(step=snapshot.step)
    phase = phase_titles().get(snapshot.phase, snapshot.phase)
    return _("step {step}: before {phase}").format(step=snapshot.step, phase=phase)


def snapshots_to_show(run: Run) -> list[SnapshotRef]:
    """Its snapshots and the final network; only the latter where no snapshots were stored."""
    try:
        return _moments(*_life(run))
    except XferError as error:
        if error.code != "no_snapshots":
            raise
        return [final_of(run)]


def _life(run: Run) -> tuple[str, float | None]:
    """Cache key: a run that was resumed has another one."""
    return run.id, run.ended


@st.cache_resource(max_entries=8, show_spinner=False)
def _samples(problem: str, seed: int, domain: str) -> Samples:
    return held_out_samples(Problem.model_validate_json(problem), seed, domain)


def samples_of(run: Run, domain: str) -> Samples:
    """The test samples of a domain in this run's split."""
    spec = run.typed_spec
    return _samples(spec.problem.model_dump_json(), spec.seed, domain)


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _moments(run: str, ended: float | None) -> list[SnapshotRef]:
    return snapshot_refs(store().get(run))


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _outputs(run: str, ended: float | None, domain: str, snapshot: str) -> dict[str, Tensor]:
    row = store().get(run)
    precision = (row.result or {}).get("precision", "float32")  # as in the run, to reproduce its metrics
    return predict_logits(load_snapshot(row, snapshot), samples_of(row, domain).inputs, precision)


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _moved(run: str, ended: float | None, domain: str, task: str, snapshot: str) -> list[LayerDrift]:
    row = store().get(run)
    inputs = samples_of(row, domain).inputs[:COMPARED]
    return layer_drift(load_snapshot(row, snapshot), load_snapshot(row, FINAL), inputs, task)


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _looked(run: str, ended: float | None, domain: str, task: str, positions: tuple[int, ...]) -> np.ndarray:
    row = store().get(run)
    inputs = samples_of(row, domain).inputs[list(positions)]
    network = load_snapshot(row, FINAL)
    return grad_cam(network, inputs, task, predict_logits(network, inputs)[task].argmax(1))


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _contributions(run: str, ended: float | None, domain: str, task: str) -> pd.DataFrame:
    row = store().get(run)
    inputs, network = samples_of(row, domain).inputs, load_snapshot(row, FINAL)
    return integrated_gradients(network, inputs, task, predict_logits(network, inputs)[task].argmax(1))


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _text_parts(
    run: str, ended: float | None, domain: str, task: str, positions: tuple[int, ...]
) -> list[list[TextPart]]:
    row = store().get(run)
    inputs, network = samples_of(row, domain).inputs[list(positions)], load_snapshot(row, FINAL)
    predicted = predict_logits(network, inputs)[task].argmax(1)
    return text_parts(_text_encoder(row), inputs, token_contributions(network, inputs, task, predicted))


@st.cache_data(max_entries=KEPT, show_spinner=False)
def _tokens(
    run: str, ended: float | None, domain: str, task: str, wanted: int, positions: tuple[int, ...]
) -> pd.DataFrame:
    row = store().get(run)
    inputs, network = samples_of(row, domain).inputs[list(positions)], load_snapshot(row, FINAL)
    classes = torch.full((len(inputs),), wanted)
    return token_summary(_text_encoder(row), inputs, token_contributions(network, inputs, task, classes))


def _text_encoder(run: Run) -> TextEncoder:
    encoder = encoder_of(run)
    assert isinstance(encoder, TextEncoder)
    return encoder


@st.cache_data(max_entries=KEPT // 4, show_spinner=False)
def _trails(keys: tuple[tuple[str, float | None], ...], domains: tuple[str, ...], task: str) -> list[FeatureTrajectory]:
    runs = [store().get(run) for run, _ended in keys]
    return feature_trajectories([(run, snapshots_to_show(run)) for run in runs], domains, task)
