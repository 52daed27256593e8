"""Detects a broken network: NaN or infinity in its weights or outputs, and absurdly large errors.

The loss shows it only one step later, and a phase without a loss never does; so the network itself is checked.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from xfer_core.errors import XferError
from xfer_core.names import MetricName, is_error
from xfer_core.problems.problem import ProblemData

ABSURD = 1000
"""A mean error above this many ranges of the training labels means that the network broke. A network that always
predicts one value within that range has an error below one range, if the true values lie in it too; a thousand leaves
room for domains whose values do not, and for a network that has hardly learned."""


def check_weights(tensors: Iterable[tuple[str, Tensor]], step: int, phase: str) -> None:
    """Reject weights or buffers with NaN or infinity. Synchronises with the device once for all tensors.

    Raises:
        XferError: ``not_finite_weights``, naming the first tensor.
    """
    numbers = [(name, tensor.detach()) for name, tensor in tensors if tensor.is_floating_point()]
    finite = torch.stack([tensor.isfinite().all() for _, tensor in numbers]).tolist()
    for (name, tensor), whole in zip(numbers, finite, strict=True):
        if not whole:
            found = float(tensor[~tensor.isfinite()].flatten()[0])
            raise XferError("not_finite_weights", name, found, step=step, phase=phase)


def check_metrics(metrics: Mapping[str, float], limits: Mapping[str, float], step: int, phase: str) -> None:
    """Reject accuracies and errors that only a broken network has.

    Args:
        metrics: ``accuracy/<domain>/<task>/<split>``, ``auc/…`` or ``error/…`` → value.
        limits: task → the largest plausible mean error, in its unit (:func:`largest_errors`).
        step: of the network that was evaluated.
        phase: of that step.

    Raises:
        XferError: ``not_finite_answers`` or ``absurd_error``, naming the first metric.
    """
    for name, value in metrics.items():
        if not math.isfinite(value):
            raise XferError("not_finite_answers", name, value, step=step, phase=phase)
        limit = limits.get(MetricName.parse(name).task, math.inf) if is_error(name) else math.inf
        if value > limit:
            raise XferError(
                "absurd_error", name, f"{value:.3g}", limit=f"{limit:g}", times=ABSURD, step=step, phase=phase
            )


def largest_errors(data: ProblemData) -> dict[str, float]:
    """For each regression the largest plausible mean error: ``ABSURD`` times the range of its training labels. No entry
    for a task without labels, or whose labels are all the same."""
    limits = {}
    for task in data.problem.regressions():
        labels = torch.cat([domain.labelled.labels[task] for domain in data.training.values()])
        if len(labels) and (span := float(labels.max() - labels.min())):
            limits[task] = ABSURD * span
    return limits
