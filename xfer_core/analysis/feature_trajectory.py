"""Feature trajectories: the features of a run's test samples at each snapshot, projected to one plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from xfer_core.analysis.predictions import extract_features, held_out_samples
from xfer_core.analysis.projection import PCAProjection, fit_pca, standardize_scale
from xfer_core.analysis.snapshots_view import SnapshotRef, load_snapshot
from xfer_core.errors import XferError
from xfer_core.measures import proxy_a_distance
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import Run

MOST = 300  # samples per domain: more dots hide each other


@dataclass(frozen=True)
class FeatureTrajectory:
    """A run's samples in two dimensions.

    Attributes:
        points: one row for every snapshot and sample: ``moment`` (its index in the list of snapshots), ``domain``,
            ``original`` (example id), ``label`` (a class's name, or a value) and ``x``, ``y``.
        share: explained variance of the last features in the plane, from 0 to 1.
        apart: the proxy A-distance between the sources' samples and the others, 0 to 2, at the first and the last
            snapshot; None if there is only one of the two groups.
    """

    points: pd.DataFrame
    share: float
    apart: tuple[float | None, float | None]


def sample_subset(spec: RunSpec, domains: Sequence[str], task: str) -> tuple[torch.Tensor, pd.DataFrame]:
    """At most ``MOST`` test samples of each domain, drawn by the run's seed: the inputs, prepared, and one
    row each with ``domain``, ``original`` and ``label``."""
    classes = spec.problem.classes()[task]
    inputs, tables = [], []
    for key in domains:
        samples = held_out_samples(
            spec.problem, spec.seed, key
        )  # the split is in random order, so the first ones are a random sample
        labels = samples.labels[task][:MOST].tolist()
        inputs.append(samples.inputs[:MOST])
        names = [classes[label] for label in labels] if classes else labels
        tables.append(pd.DataFrame({"domain": key, "original": samples.example_ids[:MOST].tolist(), "label": names}))
    return torch.cat(inputs), pd.concat(tables, ignore_index=True)


def feature_trajectories(
    runs: Sequence[tuple[Run, Sequence[SnapshotRef]]], domains: Sequence[str], task: str
) -> list[FeatureTrajectory]:
    """The feature trajectory of each run over its snapshots, for test samples of these domains.

    The plane is fitted to the features of the last snapshot; the features of every snapshot are centred and scaled to
    the same size before projection, so that points move only because the network represents them differently.
    Runs whose networks started from the same random values share one plane, fitted to both last snapshots; features of
    other runs are unrelated, so each gets its own plane.

    Raises:
        XferError: ``no_weights``, ``no_snapshots``, ``not_here`` or ``constant``.
    """
    specs = [run.typed_spec for run, _ in runs]
    subsets = [sample_subset(spec, domains, task) for spec in specs]
    features = [
        [extract_features(load_snapshot(run, ref.key), inputs).numpy() for ref in refs]
        for (run, refs), (inputs, _) in zip(runs, subsets, strict=True)
    ]
    if len({_beginning(spec) for spec in specs}) == 1:
        shared = fit_pca([standardize_scale(parts[-1]) for parts in features])
        planes = [shared] * len(runs)
    else:
        planes = [fit_pca([standardize_scale(parts[-1])]) for parts in features]
    return [
        _trajectory(parts, plane, table, spec)
        for parts, plane, (_, table), spec in zip(features, planes, subsets, specs, strict=True)
    ]


def _beginning(spec: RunSpec) -> tuple[object, ...]:
    """Equal for runs whose networks started from the same random values."""
    outputs = tuple(spec.problem.outputs().items())
    return spec.network.model_dump_json(), spec.problem.input_spec(), outputs, spec.seed


def _trajectory(
    features: list[np.ndarray], plane: PCAProjection, table: pd.DataFrame, spec: RunSpec
) -> FeatureTrajectory:
    source = table["domain"].isin(spec.problem.source).to_numpy()
    points = []
    for i, part in enumerate(features):
        placed = plane.project(standardize_scale(part))
        points.append(table.assign(moment=i, x=placed[:, 0], y=placed[:, 1]))
    apart = _apart(features[0], source), _apart(features[-1], source)
    return FeatureTrajectory(pd.concat(points, ignore_index=True), plane.share, apart)


def _apart(features: np.ndarray, source: np.ndarray) -> float | None:
    try:
        return proxy_a_distance(torch.from_numpy(features[source]), torch.from_numpy(features[~source]))
    except XferError:  # a group without samples
        return None
