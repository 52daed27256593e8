"""Exports the split data of a run as one file of arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xfer_core.analysis.accuracy import unit_word
from xfer_core.domains import domain_info, is_available
from xfer_core.errors import XferError
from xfer_core.problems.problem import Problem, ProblemData, split_problem
from xfer_core.runs.spec import RunSpec

FILE = "data.npz"


def require_domains(problem: Problem, file: str) -> None:
    """Refuse to write a file of a run of which a domain is not known here any more.

    Raises:
        XferError: ``domain_gone``, naming the file.
    """
    for key in problem.roles():
        try:
            domain_info(key)
        except XferError:
            raise XferError("domain_gone", file, key) from None


def load_data(problem: Problem, seed: int, load_inputs: bool = True) -> ProblemData:
    """The problem's data in the run's split, if that needs no download; ``load_inputs`` as in ``split_problem``.

    Raises:
        XferError: ``domain_gone``, ``data_gone``, or the errors of ``split_problem``.
    """
    require_domains(problem, FILE)
    for key in problem.roles():
        if not is_available(key):
            raise XferError("data_gone", FILE, key)
    return split_problem(problem, seed, load_inputs)


def arrays_of(data: ProblemData, spec: RunSpec) -> dict[str, np.ndarray]:
    """Name → array: ``DOMAIN/labelled/images`` uint8 (N, C, H, W), or ``rows`` float32 (N, F), or ``texts`` int32 (N,
    tokens + bytes), as prepared, ``DOMAIN/labelled/TASK`` int64 or float32 (N,), ``DOMAIN/labelled/original`` int64
    (N,), the example ids as in ``sample_weights.csv``, ``DOMAIN/unlabelled/images``, ``DOMAIN/test/…`` of targets and
    unseen domains, ``classes/TASK`` the names of the classes in the order of the network's outputs or ``unit/TASK`` of
    a regression, ``vocabulary`` the tokens of texts with the indices 2, 3, …, and ``DOMAIN/labelled/weight`` float32
    (N,) if the sample weights are computed before the first step."""
    arrays: dict[str, np.ndarray] = {}
    plural = data.input_spec.plural
    for key, domain in data.training.items():
        arrays[f"{key}/labelled/{plural}"] = domain.labelled.inputs.numpy()
        arrays |= {f"{key}/labelled/{task}": labels.numpy() for task, labels in domain.labelled.labels.items()}
        arrays[f"{key}/labelled/original"] = domain.labelled.example_ids.numpy()
        arrays[f"{key}/unlabelled/{plural}"] = domain.unlabelled.numpy()
    for key in (*data.problem.target, *data.problem.unseen):
        samples = data.held_out[key, "test"]
        arrays[f"{key}/test/{plural}"] = samples.inputs.numpy()
        arrays |= {f"{key}/test/{task}": labels.numpy() for task, labels in samples.labels.items()}
        arrays[f"{key}/test/original"] = samples.example_ids.numpy()
    for task, names in data.classes.items():
        unit = np.array(unit_word(data.problem.unit(task)))
        arrays |= {f"classes/{task}": np.array(names, dtype=str)} if names else {f"unit/{task}": unit}
    if "vocabulary" in (described := data.encoder.describe()):
        arrays["vocabulary"] = np.array(described["vocabulary"], dtype=str)
    given = spec.strategy.fixed_sample_weights(data.training_data())
    arrays |= {f"{key}/labelled/weight": weights.numpy() for key, weights in given.items()}
    return arrays


def write_data(data: ProblemData, spec: RunSpec, folder: Path) -> Path:
    """Write ``data.npz``; nothing in it needs pickle."""
    path = folder / FILE
    np.savez_compressed(path, **arrays_of(data, spec))  # pyright: ignore[reportArgumentType]
    return path
