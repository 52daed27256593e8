"""Samples in a report: some of each domain, and the confusion matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from xfer_core.analysis.confusion import confusion_matrix, mistakes
from xfer_core.analysis.predictions import from_logits, predict_logits
from xfer_core.charts.samples import overview
from xfer_core.domains import is_available
from xfer_core.errors import XferError
from xfer_core.problems.problem import ProblemData, split_problem
from xfer_core.runs.load_network import load_trained_network
from xfer_core.runs.spec import RunSpec
from xfer_core.runs.store import Run

SHOWN = 10  # samples of a domain, one of each class if possible


@dataclass(frozen=True)
class ConfusedSamples:
    """The confusion matrix of the first task on a domain.

    Attributes:
        counts: a row per true class, a column per predicted class.
        right: number of correctly predicted test samples.
        samples: number of test samples.
    """

    counts: pd.DataFrame
    right: int
    samples: int

    def sentence(self) -> str:
        """The number of correct predictions, and the most frequent error."""
        text = f"{self.right} of {self.samples} test samples are right."
        if worst := mistakes(self.counts):
            name, answer, count, of = worst[0]
            verb = "is" if count == 1 else "are"
            text += (
                f" The commonest mistake: {count} of the {of} samples of class “{name}” {verb} taken for “{answer}”."
            )
        return text


def load_problem_data(spec: RunSpec) -> ProblemData | None:
    """The data of a run in its split; None if not all of it is on this machine."""
    return split_problem(spec.problem, spec.seed) if all(map(is_available, spec.problem.roles())) else None


def samples_of(data: ProblemData, spec: RunSpec, domain: str) -> np.ndarray:
    """A few test samples of a domain in a row: uint8 (height, width, 4)."""
    held_out = data.held_out[domain, "test"]
    task = spec.problem.tasks[0]
    classes = len(spec.problem.classes()[task])
    return overview(data.input_spec, held_out.inputs, held_out.labels[task], classes, SHOWN, SHOWN)


def confused_samples(run: Run, spec: RunSpec, data: ProblemData) -> ConfusedSamples | None:
    """The trained network's confusion matrix on the test samples of the first target; None for a regression, and for a
    run without weights."""
    task, held_out = spec.problem.tasks[0], data.held_out[spec.problem.target[0], "test"]
    if not (classes := spec.problem.classes()[task]):
        return None
    try:
        network = load_trained_network(run)
    except XferError:
        return None
    outputs = predict_logits(network, held_out.inputs, (run.result or {}).get("precision", "float32"))
    predictions = from_logits(held_out.labels[task], outputs[task])
    return ConfusedSamples(
        confusion_matrix(predictions, classes), int(predictions.correct.sum()), len(predictions.labels)
    )
